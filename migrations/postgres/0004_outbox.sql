-- Messages that must go out, written with the change they tell of.
-- A message about a booking lies with its theater and booking; others have empty ones.
CREATE TABLE messages (
  theater      bytea   NOT NULL,
  booking      bytea   NOT NULL CHECK (length(booking) IN (0, 22)),
  message      bytea   NOT NULL CHECK (length(message) = 16),
  status       text    NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
  kind         text    NOT NULL,
  channel      text    NOT NULL,
  recipient    text    NOT NULL,
  -- It may hold a secret link, so it is blanked once the message was sent or given up.
  payload      json    NOT NULL,
  attempts     integer NOT NULL CHECK (attempts >= 0),
  created_at   bigint  NOT NULL,
  -- When it may be claimed: at once, after a claim ran out, or after a pause.
  due_at       bigint  NOT NULL,
  sent_at      bigint  CHECK ((sent_at IS NOT NULL) = (status = 'sent')),
  last_error   text,
  PRIMARY KEY (theater, booking, message)
);
-- What is still to be done; both stay small however many were sent.
CREATE INDEX messages_due ON messages (due_at, created_at, message) WHERE status = 'pending';
CREATE INDEX messages_pending ON messages (message) WHERE status = 'pending';
CREATE INDEX messages_failed ON messages (created_at) WHERE status = 'failed';
-- Finds the sent ones that are old enough to be forgotten.
CREATE INDEX messages_sent_at ON messages (sent_at) WHERE status = 'sent';

-- How many were sent, so that asking does not count them.
CREATE TABLE messages_sent (
  only_row integer PRIMARY KEY CHECK (only_row = 1),
  n        bigint  NOT NULL CHECK (n >= 0)
);
INSERT INTO messages_sent (only_row, n) VALUES (1, 0);
