-- Letting people in: every scan at a door, and by which of them a ticket's holder is in.

-- Rows are only added. A scan that is taken back stays and says so.
CREATE TABLE ticket_scans (
  theater    bytea   NOT NULL,
  -- Made by whoever scanned; the same scan told again is this row.
  scan       bytea   NOT NULL CHECK (length(scan) = 16),
  -- Where the ticket stands; NULL when the code was none of ours.
  show       bytea   CHECK (length(show) = 16),
  booking    bytea   CHECK (length(booking) = 22),
  seat       integer CHECK (seat BETWEEN 0 AND 65535),
  ticket     bytea   CHECK (length(ticket) = 16),
  door       text    NOT NULL,
  -- Only by one that is `admitted` and not undone somebody is in.
  verdict    text    NOT NULL,
  -- By the door's clock; a door with no network tells it later.
  scanned_at bigint  NOT NULL,
  told_at    bigint  NOT NULL,
  offline    boolean NOT NULL,
  -- Who; it stays when the account is erased, and then names nobody.
  actor      bytea   CHECK (length(actor) = 16),
  undone_at  bigint,
  undone_by  bytea   CHECK ((undone_by IS NULL) = (undone_at IS NULL)),
  PRIMARY KEY (theater, scan)
);
-- Whoever is in with a ticket: the first of these counts, the others are doubles.
CREATE INDEX ticket_scans_in ON ticket_scans (theater, ticket, scanned_at, scan)
  WHERE verdict = 'admitted' AND undone_at IS NULL;
CREATE INDEX ticket_scans_of_show ON ticket_scans (theater, show) WHERE show IS NOT NULL;

-- The scan that counts. Redeeming and cancelling exclude each other by the conditions of the statements that do it, and
-- what was given back stays so; that somebody was let in can be undone.
ALTER TABLE tickets ADD COLUMN redeemed_by bytea
  CHECK (redeemed_by IS NULL OR length(redeemed_by) = 16 AND state <> 'valid')
  CHECK (redeemed_by IS NOT NULL OR state <> 'redeemed');
