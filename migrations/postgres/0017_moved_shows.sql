-- Shows that move to another screen: everybody gets a seat of its map, or the money back.

-- How often it moved: numbers of seats belong to the map it has since.
ALTER TABLE show_state ADD COLUMN seating integer NOT NULL DEFAULT 0 CHECK (seating BETWEEN 0 AND 65535);

-- One row for each move, with what was before and the work that is left: bookings without room are gone through until none
-- has seats.
CREATE TABLE show_relocations (
  theater       bytea   NOT NULL,
  show          bytea   NOT NULL CHECK (length(show) = 16),
  -- Of the seats before.
  seating       integer NOT NULL CHECK (seating BETWEEN 0 AND 65535),
  at            bigint  NOT NULL,
  screen        bytea   NOT NULL CHECK (length(screen) = 16),
  seat_map      bytea   NOT NULL REFERENCES seat_maps (seat_map),
  starts_before bigint  NOT NULL,
  -- How many there was no room for.
  bookings      integer NOT NULL CHECK (bookings >= 0),
  -- When none of them had seats any more.
  finished_at   bigint,
  PRIMARY KEY (theater, show, seating)
);
CREATE INDEX show_relocations_open ON show_relocations (at) WHERE finished_at IS NULL;
