-- The tags of the answers that kept things came with: sent along, they make "nothing new" cheap. A thing kept from
-- anywhere else has none.
CREATE TABLE seen (
    -- A booking's id, 'profile', or 'page' with the page's cursor.
    name         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    etag         TEXT NOT NULL,
    -- (Pages) where the next one begins.
    next_cursor  TEXT,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
