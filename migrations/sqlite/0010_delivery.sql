-- What is due is claimed channel by channel, so that a slow one holds up none of the others.
DROP INDEX messages_due;
CREATE INDEX messages_due ON messages (channel, due_at) WHERE status = 'pending';
