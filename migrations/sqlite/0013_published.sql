-- Shows are on sale or not yet. One that is not is nowhere to be seen and cannot be booked.
-- 0 was never published, 1 is published, 2 was withdrawn: only then others have to hear that it is gone.
ALTER TABLE show_state ADD COLUMN publication INTEGER NOT NULL DEFAULT 1
  CHECK (publication = 0 OR publication = 1 OR publication = 2);
-- How often the version grew by nothing but blocking or unblocking seats. A show whose version is higher than this by
-- more than one had seats held or sold.
ALTER TABLE show_state ADD COLUMN blocks INTEGER NOT NULL DEFAULT 0 CHECK (blocks >= 0);
CREATE INDEX shows_unpublished ON show_state (theater, show) WHERE publication <> 1;
