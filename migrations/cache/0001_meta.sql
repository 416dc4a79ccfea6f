-- One row of facts about this copy: which server it is of, and how far it has come.
CREATE TABLE meta (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    origin      TEXT    NOT NULL,
    cursor      TEXT,
    -- Grows with every sync from the start; rows of an older generation go when the new one is complete.
    generation  INTEGER NOT NULL DEFAULT 1,
    synced_at   TEXT
) STRICT;
