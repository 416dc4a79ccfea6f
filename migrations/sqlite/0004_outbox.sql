-- Messages that must go out, written with the change they tell of.
-- A message about a booking lies with its theater and booking; others have empty ones.
CREATE TABLE messages (
  theater      BLOB    NOT NULL,
  booking      BLOB    NOT NULL CHECK (length(booking) IN (0, 22)),
  message      BLOB    NOT NULL CHECK (length(message) = 16),
  status       TEXT    NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
  kind         TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  recipient    TEXT    NOT NULL,
  payload      TEXT    NOT NULL,
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  created_at   INTEGER NOT NULL,
  -- When it may be claimed: at once, after a claim ran out, or after a pause.
  due_at       INTEGER NOT NULL,
  sent_at      INTEGER CHECK ((sent_at IS NOT NULL) = (status = 'sent')),
  last_error   TEXT,
  PRIMARY KEY (theater, booking, message)
) STRICT, WITHOUT ROWID;
-- Only what is still to be done is indexed, so both stay small however many were sent.
CREATE INDEX messages_due ON messages (due_at) WHERE status = 'pending';
CREATE UNIQUE INDEX messages_pending ON messages (message) WHERE status = 'pending';
CREATE INDEX messages_failed ON messages (created_at) WHERE status = 'failed';

-- How many were sent, so that asking does not count them.
CREATE TABLE messages_sent (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  n        INTEGER NOT NULL CHECK (n >= 0)
) STRICT;
INSERT INTO messages_sent (only_row, n) VALUES (1, 0);
