-- What is on offer: seat maps, theaters with their screens, movies and shows; and which of it changed when.
-- Ids are raw bytes. A show's id is stored in two columns: its theater, and its own part.
-- Times are microseconds since 1970, UTC. The columns are those of the embedded engine, so that a theater can move.
-- JSON is kept as `json`, not `jsonb`: the text stays as it was written.

-- One row: the sync cursor. `position` grows inside each transaction that changes the catalog, which locks this row
-- first: so catalog changes are one after the other, and no cursor can skip a late commit (a sequence would).
-- `epoch` is a random number to be changed by every restore. Deletions up to `oldest` were forgotten.
CREATE TABLE sync_head (
  only_row integer PRIMARY KEY CHECK (only_row = 1),
  epoch    bigint  NOT NULL CHECK (epoch >= 0),
  position bigint  NOT NULL CHECK (position >= 0),
  oldest   bigint  NOT NULL CHECK (oldest >= 0 AND oldest <= position)
);
-- Below 53 bits, so that the number survives JSON.
INSERT INTO sync_head (only_row, epoch, position, oldest) VALUES (1, floor(random() * 9007199254740991)::bigint, 0, 0);

-- The last change of every object, one row each. kind: 1 theater, 2 movie, 3 show (id: theater, then own part).
CREATE TABLE changes (
  kind    integer NOT NULL CHECK (kind IN (1, 2, 3)),
  id      bytea   NOT NULL CHECK (length(id) = CASE kind WHEN 3 THEN 32 ELSE 16 END),
  seq     bigint  NOT NULL CHECK (seq > 0),
  deleted boolean NOT NULL,
  PRIMARY KEY (kind, id)
);
-- Not unique: one statement may move entries past each other.
CREATE INDEX changes_by_seq ON changes (seq);
CREATE INDEX changes_tombstones ON changes (seq) WHERE deleted;

-- Seat maps never change: a changed plan is a new version with a new id. `digest` is SHA-256 of the plan without its
-- id. `version` only orders the maps of one external id; it is counted under the lock of `sync_head`.
CREATE TABLE seat_maps (
  version     bigint  NOT NULL UNIQUE,
  seat_map    bytea   PRIMARY KEY CHECK (length(seat_map) = 16),
  external_id text    NOT NULL,
  digest      bytea   NOT NULL CHECK (length(digest) = 32),
  seats_total integer NOT NULL CHECK (seats_total BETWEEN 1 AND 20000),
  body        json    NOT NULL,
  UNIQUE (external_id, digest)
);
CREATE INDEX seat_maps_latest ON seat_maps (external_id, version);

CREATE TABLE theaters (
  theater     bytea PRIMARY KEY CHECK (length(theater) = 16),
  external_id text  NOT NULL UNIQUE,
  name        text  NOT NULL,
  -- Everything of the theater but its screens.
  body        json  NOT NULL
);

CREATE TABLE screens (
  theater  bytea   NOT NULL REFERENCES theaters,
  screen   bytea   NOT NULL CHECK (length(screen) = 16),
  -- The order in which the theater lists its screens.
  position integer NOT NULL CHECK (position >= 0),
  seat_map bytea   NOT NULL REFERENCES seat_maps,
  body     json    NOT NULL,
  PRIMARY KEY (theater, screen)
);

CREATE TABLE movies (
  movie       bytea PRIMARY KEY CHECK (length(movie) = 16),
  external_id text  NOT NULL UNIQUE,
  name        text  NOT NULL,
  body        json  NOT NULL
);

-- Resolved prices. Most shows share theirs with many others, so each text is kept once, under its SHA-256.
CREATE TABLE price_sheets (
  price_sheet bytea PRIMARY KEY CHECK (length(price_sheet) = 32),
  body        json  NOT NULL
);

CREATE TABLE shows (
  theater     bytea   NOT NULL,
  show        bytea   NOT NULL CHECK (length(show) = 16),
  external_id text    NOT NULL,
  movie       bytea   NOT NULL REFERENCES movies,
  screen      bytea   NOT NULL,
  seat_map    bytea   NOT NULL REFERENCES seat_maps,
  starts_at   bigint  NOT NULL,
  ends_at     bigint  NOT NULL CHECK (ends_at >= starts_at),
  format      text    NOT NULL,
  language    text    NOT NULL,
  -- A list.
  subtitles   json    NOT NULL,
  price_sheet bytea   NOT NULL REFERENCES price_sheets,
  seats_total integer NOT NULL CHECK (seats_total BETWEEN 1 AND 20000),
  PRIMARY KEY (theater, show),
  FOREIGN KEY (theater, screen) REFERENCES screens
);
CREATE UNIQUE INDEX shows_by_external_id ON shows (external_id);
-- Every list of shows walks one of these in order and stops at its limit.
CREATE INDEX shows_of_theater ON shows (theater, starts_at, show, movie);
CREATE INDEX shows_of_movie ON shows (movie, starts_at, theater, show);
CREATE INDEX shows_by_start ON shows (starts_at, theater, show, movie);
-- Finds the neighbours of a show on its screen.
CREATE INDEX shows_on_screen ON shows (theater, screen, starts_at);

-- What an operator or the program noted about this database, e.g. that it holds the demo.
CREATE TABLE notes (
  name  text PRIMARY KEY,
  value text NOT NULL
);
