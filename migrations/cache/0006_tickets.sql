-- A booking's tickets with their QR codes, so that they open the door with no network.
CREATE TABLE tickets (
    booking_id      TEXT    PRIMARY KEY,
    -- The booking's version they were read at: tickets change with the booking only.
    booking_version INTEGER NOT NULL,
    as_of           TEXT    NOT NULL,
    body            TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
