-- Shows that move to another screen: everybody gets a seat of its map, or the money back.

-- How often it moved: numbers of seats belong to the map it has since.
ALTER TABLE show_state ADD COLUMN seating INTEGER NOT NULL DEFAULT 0 CHECK (seating BETWEEN 0 AND 65535);

-- One row for each move, with what was before and the work that is left: bookings without room are gone through until none
-- has seats.
CREATE TABLE show_relocations (
  theater       BLOB    NOT NULL,
  show          BLOB    NOT NULL CHECK (length(show) = 16),
  -- Of the seats before.
  seating       INTEGER NOT NULL CHECK (seating BETWEEN 0 AND 65535),
  at            INTEGER NOT NULL,
  screen        BLOB    NOT NULL CHECK (length(screen) = 16),
  seat_map      BLOB    NOT NULL REFERENCES seat_maps (seat_map),
  starts_before INTEGER NOT NULL,
  -- How many there was no room for.
  bookings      INTEGER NOT NULL CHECK (bookings >= 0),
  -- When none of them had seats any more.
  finished_at   INTEGER,
  PRIMARY KEY (theater, show, seating)
) STRICT, WITHOUT ROWID;
CREATE INDEX show_relocations_open ON show_relocations (at) WHERE finished_at IS NULL;
