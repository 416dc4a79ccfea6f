-- Who else is told of bookings, and what they still have to be told.

-- A user's browsers and devices. The id is made from the address, so a browser is here once.
CREATE TABLE subscriptions (
  subscription bytea   NOT NULL PRIMARY KEY CHECK (length(subscription) = 16),
  "user"       bytea   NOT NULL REFERENCES users ON DELETE CASCADE,
  channel      text    NOT NULL CHECK (channel = 'web_push' OR channel = 'fcm' OR channel = 'apns'),
  -- What the channel needs to reach it, as JSON.
  address      json    NOT NULL,
  created_at   bigint  NOT NULL
);
CREATE INDEX subscriptions_of_user ON subscriptions ("user", created_at, subscription);

-- Integrators' servers. Their secrets are made from a key of this database and the generation.
CREATE TABLE webhooks (
  webhook        bytea   NOT NULL PRIMARY KEY CHECK (length(webhook) = 16),
  url            text    NOT NULL,
  -- [kind]; all when empty.
  kinds          json    NOT NULL,
  generation     integer NOT NULL CHECK (generation > 0),
  -- Until then the secret before this one signs too.
  previous_until bigint,
  -- Why it is not called any more.
  stopped        text,
  created_at     bigint  NOT NULL
);

-- Shows that were moved after seats of them were taken, until everybody is told.
CREATE TABLE show_moves (
  theater       bytea   NOT NULL,
  show          bytea   NOT NULL,
  -- When it was to begin as people last heard of it.
  starts_before bigint  NOT NULL,
  -- Random: tells this move from one like it, there and back and there again.
  mark          bytea   NOT NULL CHECK (length(mark) = 16),
  PRIMARY KEY (theater, show)
);
