-- When things go wrong: shows that are cancelled or moved, and what a day brought.

-- A cancelled show is not on sale (its publication is 2) and never will be again.
ALTER TABLE show_state ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled = 0 OR cancelled = 1);
-- When it was moved last: who booked before that may give tickets back free of charge.
ALTER TABLE show_state ADD COLUMN moved_at INTEGER;

-- Cancelled shows, with the work that is left: bookings are gone through until none has seats.
CREATE TABLE show_cancellations (
  theater     BLOB    NOT NULL,
  show        BLOB    NOT NULL CHECK (length(show) = 16),
  at          INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  -- What buyers are told besides.
  words       TEXT,
  -- How many had seats.
  bookings    INTEGER NOT NULL CHECK (bookings >= 0),
  -- When none had any left.
  finished_at INTEGER,
  PRIMARY KEY (theater, show)
) STRICT, WITHOUT ROWID;
CREATE INDEX show_cancellations_open ON show_cancellations (at) WHERE finished_at IS NULL;

-- Where it was bought: 0 web, 1 app, 2 counter.
ALTER TABLE bookings ADD COLUMN channel INTEGER NOT NULL DEFAULT 0 CHECK (channel >= 0);
-- What staff look through. Holds are not in it, so that holding costs nothing more.
CREATE INDEX bookings_of_show ON bookings (theater, show, booking)
  WHERE status = 'confirmed' OR status = 'partly_cancelled' OR status = 'cancelled';
-- People by the beginning of their name.
CREATE INDEX users_by_name ON users (lower(profile ->> 'name'));
-- What went back on a day.
CREATE INDEX refunds_of_day ON refunds (theater, created_at, refund);
