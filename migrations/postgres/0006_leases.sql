-- Which server does which background work: one at a time, and another takes over when it falls silent. Time here is
-- the database's, so that servers with different clocks agree.
CREATE TABLE leases (
  name   text        PRIMARY KEY,
  holder bytea       NOT NULL CHECK (length(holder) = 16),
  until  timestamptz NOT NULL
);
