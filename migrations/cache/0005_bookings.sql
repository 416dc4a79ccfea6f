CREATE TABLE bookings (
    booking_id  TEXT    PRIMARY KEY,
    -- The user's id, or 'guest' for a booking made with no account.
    owner       TEXT    NOT NULL,
    -- Milliseconds since 1970.
    created_at  INTEGER NOT NULL,
    as_of       TEXT    NOT NULL,
    body        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bookings_by_owner ON bookings (owner, created_at DESC);
