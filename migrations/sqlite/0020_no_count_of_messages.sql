-- The count cost a statement for every message and told nothing that the servers' metrics do not.
DROP TABLE messages_sent;
