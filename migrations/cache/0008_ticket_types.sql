-- What a show's tickets cost, by type and category, as last seen.
CREATE TABLE ticket_types (
    show_id  TEXT PRIMARY KEY,
    as_of    TEXT NOT NULL,
    body     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
