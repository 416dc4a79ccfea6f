-- The app on a computer gets messages too: it fetches them itself.

-- The same table, for one channel more.
CREATE TABLE subscriptions_now (
  subscription BLOB    NOT NULL PRIMARY KEY CHECK (length(subscription) = 16),
  user         BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
  channel      TEXT    NOT NULL
    CHECK (channel = 'web_push' OR channel = 'fcm' OR channel = 'apns' OR channel = 'app'),
  -- What the channel needs to reach it, as JSON.
  address      TEXT    NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO subscriptions_now SELECT subscription, user, channel, address, created_at FROM subscriptions;
DROP TABLE subscriptions;
ALTER TABLE subscriptions_now RENAME TO subscriptions;
CREATE INDEX subscriptions_of_user ON subscriptions (user, created_at, subscription);

-- What waits for one app. No other message is in it, so that selling writes nothing here.
CREATE INDEX messages_for_app ON messages (recipient, created_at, message) WHERE status = 'pending' AND channel = 'app';
