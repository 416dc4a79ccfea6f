CREATE TABLE profile (
    user_id  TEXT PRIMARY KEY,
    as_of    TEXT NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
