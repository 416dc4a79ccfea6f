-- Gift cards, and the ledger of each: money that was paid before.
CREATE TABLE gift_cards (
  theater       BLOB    NOT NULL,
  -- It begins with the time it was made.
  card          BLOB    NOT NULL CHECK (length(card) = 22),
  -- SHA-256 of the code, which is kept nowhere.
  digest        BLOB    NOT NULL CHECK (length(digest) = 32),
  last4         TEXT    NOT NULL CHECK (length(last4) = 4),
  currency      TEXT    NOT NULL CHECK (length(currency) = 3),
  initial_minor INTEGER NOT NULL CHECK (initial_minor > 0),
  -- The sum of its entries. The last guard against paying with it twice.
  balance_minor INTEGER NOT NULL CHECK (balance_minor BETWEEN 0 AND initial_minor),
  state         TEXT    NOT NULL CHECK (state IN ('active', 'blocked')),
  -- NULL: it does not end.
  ends_at       INTEGER,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (theater, card)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX gift_cards_by_digest ON gift_cards (theater, digest);

-- Entries are appended and never change.
CREATE TABLE gift_entries (
  theater      BLOB    NOT NULL,
  card         BLOB    NOT NULL,
  entry        BLOB    NOT NULL CHECK (length(entry) = 22),
  kind         TEXT    NOT NULL CHECK (kind = 'issue' OR kind = 'claim' OR kind = 'return' OR kind = 'refund'),
  -- What it adds to the balance.
  amount_minor INTEGER NOT NULL CHECK ((amount_minor < 0) = (kind = 'claim') AND amount_minor <> 0),
  booking      BLOB    CHECK ((booking IS NULL) = (payment IS NULL)),
  payment      BLOB    CHECK ((payment IS NULL) = (kind = 'issue')),
  at           INTEGER NOT NULL,
  PRIMARY KEY (theater, card, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX gift_entries_of_payment ON gift_entries (theater, payment) WHERE payment IS NOT NULL;
-- A payment claims once, and its claim is given up once.
CREATE UNIQUE INDEX gift_claims_once ON gift_entries (theater, payment) WHERE kind = 'claim';
CREATE UNIQUE INDEX gift_returns_once ON gift_entries (theater, payment) WHERE kind = 'return';

-- What a card pays of a payment, beside what the gateway is asked for.
ALTER TABLE payments ADD COLUMN gift_card BLOB;
ALTER TABLE payments ADD COLUMN gift_last4 TEXT CHECK ((gift_last4 IS NULL) = (gift_card IS NULL));
ALTER TABLE payments ADD COLUMN gift_minor INTEGER NOT NULL DEFAULT 0 CHECK ((gift_minor > 0) = (gift_card IS NOT NULL));
-- Never more than was claimed goes back.
ALTER TABLE payments ADD COLUMN gift_returned_minor INTEGER NOT NULL DEFAULT 0
  CHECK (gift_returned_minor BETWEEN 0 AND gift_minor);

-- What goes back to a card was not captured; the payment's own columns bound it.
ALTER TABLE refunds ADD COLUMN to_gift INTEGER NOT NULL DEFAULT 0 CHECK (to_gift IN (0, 1));
DROP TRIGGER refunds_within_capture;
DROP TRIGGER refunds_stay_within_capture;
CREATE TRIGGER refunds_within_capture AFTER INSERT ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds WHERE booking = NEW.booking
        AND payment = NEW.payment AND status <> 'failed' AND to_gift = 0)
   > (SELECT captured_minor FROM payments
      WHERE booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;
CREATE TRIGGER refunds_stay_within_capture AFTER UPDATE OF status, amount_minor, payment, to_gift ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds WHERE booking = NEW.booking
        AND payment = NEW.payment AND status <> 'failed' AND to_gift = 0)
   > (SELECT captured_minor FROM payments
      WHERE booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;
