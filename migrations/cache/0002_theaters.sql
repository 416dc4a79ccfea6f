CREATE TABLE theaters (
    theater_id  TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    -- Name, address and city without case and accents, for the search.
    search      TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    body        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
