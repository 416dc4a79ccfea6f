-- Messages that are over keep no secret and are forgotten in time.

-- What older versions left standing in messages that were sent or given up.
UPDATE messages SET payload = '{}' WHERE status <> 'pending';
-- Finds the sent ones that are old enough.
CREATE INDEX messages_sent_at ON messages (sent_at) WHERE status = 'sent';
