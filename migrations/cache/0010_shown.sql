-- The messages this device showed last: one that is told again is not shown again. Losing it costs a message seen twice.
CREATE TABLE shown (
    message_id   TEXT NOT NULL PRIMARY KEY,
    shown_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
