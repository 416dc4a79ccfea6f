-- Gift cards, and the ledger of each: money that was paid before. What pays with a card and what goes back to it writes
-- the card's row, whose condition and check are the guard against paying with it twice.
CREATE TABLE gift_cards (
  theater       bytea  NOT NULL,
  -- It begins with the time it was made.
  card          bytea  NOT NULL CHECK (length(card) = 22),
  -- SHA-256 of the code, which is kept nowhere.
  digest        bytea  NOT NULL CHECK (length(digest) = 32),
  last4         text   NOT NULL CHECK (length(last4) = 4),
  currency      text   NOT NULL CHECK (length(currency) = 3),
  initial_minor bigint NOT NULL CHECK (initial_minor > 0),
  -- The sum of its entries.
  balance_minor bigint NOT NULL CHECK (balance_minor BETWEEN 0 AND initial_minor),
  state         text   NOT NULL CHECK (state IN ('active', 'blocked')),
  -- NULL: it does not end.
  ends_at       bigint,
  created_at    bigint NOT NULL,
  PRIMARY KEY (theater, card)
);
CREATE UNIQUE INDEX gift_cards_by_digest ON gift_cards (theater, digest);

-- Entries are appended and never change.
CREATE TABLE gift_entries (
  theater      bytea  NOT NULL,
  card         bytea  NOT NULL,
  entry        bytea  NOT NULL CHECK (length(entry) = 22),
  kind         text   NOT NULL CHECK (kind IN ('issue', 'claim', 'return', 'refund')),
  -- What it adds to the balance.
  amount_minor bigint NOT NULL CHECK ((amount_minor < 0) = (kind = 'claim') AND amount_minor <> 0),
  booking      bytea  CHECK ((booking IS NULL) = (payment IS NULL)),
  payment      bytea  CHECK ((payment IS NULL) = (kind = 'issue')),
  at           bigint NOT NULL,
  PRIMARY KEY (theater, card, entry)
);
CREATE INDEX gift_entries_of_payment ON gift_entries (theater, payment) WHERE payment IS NOT NULL;
-- A payment claims once, and its claim is given up once.
CREATE UNIQUE INDEX gift_claims_once ON gift_entries (theater, payment) WHERE kind = 'claim';
CREATE UNIQUE INDEX gift_returns_once ON gift_entries (theater, payment) WHERE kind = 'return';

-- What a card pays of a payment, beside what the gateway is asked for. Never more than was claimed goes back.
ALTER TABLE payments ADD COLUMN gift_card bytea,
  ADD COLUMN gift_last4 text CHECK ((gift_last4 IS NULL) = (gift_card IS NULL)),
  ADD COLUMN gift_minor bigint NOT NULL DEFAULT 0 CHECK ((gift_minor > 0) = (gift_card IS NOT NULL)),
  ADD COLUMN gift_returned_minor bigint NOT NULL DEFAULT 0 CHECK (gift_returned_minor BETWEEN 0 AND gift_minor);

-- What goes back to a card was not captured; the payment's own columns bound it.
ALTER TABLE refunds ADD COLUMN to_gift boolean NOT NULL DEFAULT false;
