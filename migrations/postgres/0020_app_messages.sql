-- The app on a computer gets messages too: it fetches them itself.
ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_channel_check;
ALTER TABLE subscriptions ADD CONSTRAINT subscriptions_channel_check
  CHECK (channel = 'web_push' OR channel = 'fcm' OR channel = 'apns' OR channel = 'app');

-- What waits for one app. No other message is in it, so that selling writes nothing here.
CREATE INDEX messages_for_app ON messages (recipient, created_at, message) WHERE status = 'pending' AND channel = 'app';
