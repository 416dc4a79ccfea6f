-- One row that every message that went out had to lock; the servers' metrics count them.
DROP TABLE messages_sent;
