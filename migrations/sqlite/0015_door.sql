-- Letting people in: every scan at a door, and by which of them a ticket's holder is in.

-- Rows are only added. A scan that is taken back stays and says so.
CREATE TABLE ticket_scans (
  theater    BLOB    NOT NULL,
  -- Made by whoever scanned; the same scan told again is this row.
  scan       BLOB    NOT NULL CHECK (length(scan) = 16),
  -- Where the ticket stands; NULL when the code was none of ours.
  show       BLOB    CHECK (length(show) = 16),
  booking    BLOB    CHECK (length(booking) = 22),
  seat       INTEGER CHECK (seat BETWEEN 0 AND 65535),
  ticket     BLOB    CHECK (length(ticket) = 16),
  door       TEXT    NOT NULL,
  -- Only by one that is `admitted` and not undone somebody is in.
  verdict    TEXT    NOT NULL,
  -- By the door's clock; a door with no network tells it later.
  scanned_at INTEGER NOT NULL,
  told_at    INTEGER NOT NULL,
  offline    INTEGER NOT NULL CHECK (offline = 0 OR offline = 1),
  -- Who; it stays when the account is erased, and then names nobody.
  actor      BLOB    CHECK (length(actor) = 16),
  undone_at  INTEGER,
  undone_by  BLOB    CHECK ((undone_by IS NULL) = (undone_at IS NULL)),
  PRIMARY KEY (theater, scan)
) STRICT, WITHOUT ROWID;
-- Whoever is in with a ticket: the first of these counts, the others are doubles.
CREATE INDEX ticket_scans_in ON ticket_scans (theater, ticket, scanned_at, scan)
  WHERE verdict = 'admitted' AND undone_at IS NULL;
CREATE INDEX ticket_scans_of_show ON ticket_scans (theater, show) WHERE show IS NOT NULL;

-- The scan that counts.
ALTER TABLE tickets ADD COLUMN redeemed_by BLOB
  CHECK (redeemed_by IS NULL OR length(redeemed_by) = 16 AND state <> 'valid')
  CHECK (redeemed_by IS NOT NULL OR state <> 'redeemed');

-- Redeeming and cancelling exclude each other, and what was given back stays so. That somebody was let in can be undone.
DROP TRIGGER tickets_end_once;
CREATE TRIGGER tickets_end_once BEFORE UPDATE OF state ON tickets
WHEN OLD.state = 'void' AND NEW.state <> 'void' OR OLD.state = 'redeemed' AND NEW.state = 'void'
BEGIN SELECT RAISE(ABORT, 'the ticket was redeemed or voided already'); END;
