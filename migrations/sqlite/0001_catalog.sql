-- What is on offer: seat maps, theaters with their screens, movies and shows; and which of it changed when.
-- Ids are raw bytes. A show's id is stored in two columns: its theater, and its own part.
-- Times are microseconds since 1970, UTC.

-- One row: the sync cursor. `position` grows inside each transaction that changes the catalog, so that no cursor can
-- skip a late commit. `epoch` is a random number changed by every restore. Deletions up to `oldest` were forgotten.
CREATE TABLE sync_head (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  epoch    INTEGER NOT NULL CHECK (epoch >= 0),
  position INTEGER NOT NULL CHECK (position >= 0),
  oldest   INTEGER NOT NULL CHECK (oldest >= 0 AND oldest <= position)
) STRICT;
-- 53 bits, so that the number survives JSON.
INSERT INTO sync_head (only_row, epoch, position, oldest) VALUES (1, random() & 9007199254740991, 0, 0);

-- The last change of every object, one row each. kind: 1 theater, 2 movie, 3 show (id: theater, then own part).
CREATE TABLE changes (
  kind    INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
  id      BLOB    NOT NULL CHECK (length(id) = CASE kind WHEN 3 THEN 32 ELSE 16 END),
  seq     INTEGER NOT NULL CHECK (seq > 0),
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX changes_by_seq ON changes (seq);
CREATE INDEX changes_tombstones ON changes (seq) WHERE deleted = 1;

-- Seat maps never change: a changed plan is a new version with a new id. `digest` is SHA-256 of the plan without its id.
CREATE TABLE seat_maps (
  version     INTEGER PRIMARY KEY,
  seat_map    BLOB    NOT NULL UNIQUE CHECK (length(seat_map) = 16),
  external_id TEXT    NOT NULL,
  digest      BLOB    NOT NULL CHECK (length(digest) = 32),
  seats_total INTEGER NOT NULL CHECK (seats_total BETWEEN 1 AND 20000),
  body        TEXT    NOT NULL,
  UNIQUE (external_id, digest)
) STRICT;
CREATE INDEX seat_maps_latest ON seat_maps (external_id, version);

CREATE TABLE theaters (
  theater     BLOB NOT NULL PRIMARY KEY CHECK (length(theater) = 16),
  external_id TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  -- Everything of the theater but its screens, as JSON.
  body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE screens (
  theater  BLOB    NOT NULL REFERENCES theaters,
  screen   BLOB    NOT NULL CHECK (length(screen) = 16),
  -- The order in which the theater lists its screens.
  position INTEGER NOT NULL CHECK (position >= 0),
  seat_map BLOB    NOT NULL REFERENCES seat_maps (seat_map),
  -- The screen as JSON.
  body     TEXT    NOT NULL,
  PRIMARY KEY (theater, screen)
) STRICT, WITHOUT ROWID;

CREATE TABLE movies (
  movie       BLOB NOT NULL PRIMARY KEY CHECK (length(movie) = 16),
  external_id TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Resolved prices as JSON. Most shows share theirs with many others, so each text is kept once.
CREATE TABLE price_sheets (
  price_sheet INTEGER PRIMARY KEY,
  body        TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE shows (
  theater     BLOB    NOT NULL,
  show        BLOB    NOT NULL CHECK (length(show) = 16),
  external_id TEXT    NOT NULL,
  movie       BLOB    NOT NULL REFERENCES movies,
  screen      BLOB    NOT NULL,
  seat_map    BLOB    NOT NULL REFERENCES seat_maps (seat_map),
  starts_at   INTEGER NOT NULL,
  ends_at     INTEGER NOT NULL CHECK (ends_at >= starts_at),
  format      TEXT    NOT NULL,
  language    TEXT    NOT NULL,
  -- A JSON list.
  subtitles   TEXT    NOT NULL,
  price_sheet INTEGER NOT NULL REFERENCES price_sheets,
  seats_total INTEGER NOT NULL CHECK (seats_total BETWEEN 1 AND 20000),
  PRIMARY KEY (theater, show),
  FOREIGN KEY (theater, screen) REFERENCES screens
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX shows_by_external_id ON shows (external_id);
-- Every list of shows walks one of these in order and stops at its limit.
CREATE INDEX shows_of_theater ON shows (theater, starts_at, show, movie);
CREATE INDEX shows_of_movie ON shows (movie, starts_at, theater, show);
CREATE INDEX shows_by_start ON shows (starts_at, theater, show, movie);
-- Finds the neighbours of a show on its screen.
CREATE INDEX shows_on_screen ON shows (theater, screen, starts_at);

-- What an operator or the program noted about this database, e.g. that it holds the demo.
CREATE TABLE notes (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
