-- Who has which seat of which show, and what is owed and paid for it.
-- Ids are raw bytes; those that carry their theater stand in two columns, the theater first, so that everything about
-- a theater lies together. Times are microseconds since 1970, UTC. Amounts are minor units.

-- One row per show, made and removed with the show. `version` grows with every commit that changes the show's seats;
-- `taken` counts its rows in `seats`. Both are written once per commit.
CREATE TABLE show_state (
  theater BLOB    NOT NULL,
  show    BLOB    NOT NULL CHECK (length(show) = 16),
  version INTEGER NOT NULL CHECK (version > 0),
  taken   INTEGER NOT NULL CHECK (taken BETWEEN 0 AND 65536),
  PRIMARY KEY (theater, show)
) STRICT, WITHOUT ROWID;

-- A seat has a row only while it is held (1), sold (2) or blocked (3). The primary key is what makes selling twice
-- impossible, and inserting the row is the lock.
CREATE TABLE seats (
  theater BLOB    NOT NULL,
  show    BLOB    NOT NULL,
  seat    INTEGER NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  state   INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
  -- The booking's own part; a blocked seat belongs to nobody.
  booking BLOB    CHECK ((booking IS NULL) = (state = 3)),
  PRIMARY KEY (theater, show, seat)
) STRICT, WITHOUT ROWID;

-- The own part of a booking's id begins with its time, so new rows land at the end of their theater.
CREATE TABLE bookings (
  theater          BLOB    NOT NULL,
  booking          BLOB    NOT NULL CHECK (length(booking) = 22),
  show             BLOB    NOT NULL CHECK (length(show) = 16),
  reference        TEXT    NOT NULL UNIQUE,
  status           TEXT    NOT NULL CHECK (status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled',
                                                      'cancelled', 'expired', 'released')),
  -- Grows with every change of the booking.
  version          INTEGER NOT NULL CHECK (version > 0),
  -- The account; NULL for a guest, and after the account was erased.
  user             BLOB,
  guest_email      TEXT,
  -- Whom limits count: a digest.
  caller           BLOB    NOT NULL CHECK (length(caller) = 16),
  -- [{seat, ticket_type, price_minor, cancelled?}]
  seats            TEXT    NOT NULL,
  seat_count       INTEGER NOT NULL CHECK (seat_count > 0),
  total_minor      INTEGER NOT NULL CHECK (total_minor >= 0),
  currency         TEXT    NOT NULL CHECK (length(currency) = 3),
  lines            TEXT    NOT NULL,
  advice           TEXT    NOT NULL,
  test             INTEGER NOT NULL CHECK (test IN (0, 1)),
  created_at       INTEGER NOT NULL,
  -- Of the hold, while there is one.
  held_at          INTEGER CHECK ((held_at IS NULL) = (expires_at IS NULL)),
  expires_at       INTEGER CHECK ((expires_at IS NOT NULL) = (status IN ('held', 'awaiting_payment'))),
  extensions       INTEGER NOT NULL CHECK (extensions >= 0),
  payment_deadline INTEGER CHECK ((payment_deadline IS NOT NULL) = (status = 'awaiting_payment')),
  PRIMARY KEY (theater, booking)
) STRICT, WITHOUT ROWID;
-- What the reaper looks at.
CREATE INDEX bookings_held ON bookings (expires_at) WHERE status = 'held';
-- What one caller has unpaid of a show.
CREATE INDEX bookings_unpaid ON bookings (theater, show, caller)
  WHERE status IN ('held', 'awaiting_payment');
-- A person's history, newest last.
CREATE INDEX bookings_of_user ON bookings (user, booking) WHERE user IS NOT NULL;
-- A guest's bookings join an account once its e-mail is verified.
CREATE INDEX bookings_of_guest ON bookings (guest_email COLLATE NOCASE) WHERE guest_email IS NOT NULL;

CREATE TABLE payments (
  theater        BLOB    NOT NULL,
  booking        BLOB    NOT NULL,
  payment        BLOB    NOT NULL CHECK (length(payment) = 22),
  status         TEXT    NOT NULL CHECK (status IN ('created', 'requires_action', 'authorized', 'captured',
                                                    'partly_refunded', 'refunded', 'declined', 'voided')),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  captured_minor INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
  -- More than was captured never goes back.
  refunded_minor INTEGER NOT NULL CHECK (refunded_minor BETWEEN 0 AND captured_minor),
  gateway        TEXT    NOT NULL,
  method_token   TEXT    NOT NULL,
  method_label   TEXT    NOT NULL,
  gateway_ref    TEXT,
  decline_reason TEXT,
  created_at     INTEGER NOT NULL,
  -- The request that began it.
  key_scope      BLOB    CHECK ((key_scope IS NULL) = (key_body IS NULL)),
  key_body       BLOB,
  PRIMARY KEY (theater, booking, payment),
  FOREIGN KEY (theater, booking) REFERENCES bookings
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payments_by_id ON payments (theater, payment);
-- At most one live payment per booking.
CREATE UNIQUE INDEX payments_live ON payments (theater, booking)
  WHERE status IN ('created', 'requires_action', 'authorized');

CREATE TABLE refunds (
  theater      BLOB    NOT NULL,
  booking      BLOB    NOT NULL,
  refund       BLOB    NOT NULL CHECK (length(refund) = 16),
  payment      BLOB    NOT NULL,
  status       TEXT    NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency     TEXT    NOT NULL CHECK (length(currency) = 3),
  reason       TEXT    NOT NULL,
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  created_at   INTEGER NOT NULL,
  -- When it was last recorded or asked of the gateway.
  tried_at     INTEGER NOT NULL,
  PRIMARY KEY (theater, booking, refund),
  FOREIGN KEY (theater, booking, payment) REFERENCES payments
) STRICT, WITHOUT ROWID;
CREATE INDEX refunds_pending ON refunds (tried_at) WHERE status = 'pending';

-- The rows themselves never ask for more back than was captured, whatever the payment's own columns say.
CREATE TRIGGER refunds_within_capture AFTER INSERT ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds
      WHERE theater = NEW.theater AND booking = NEW.booking AND payment = NEW.payment AND status <> 'failed')
   > (SELECT captured_minor FROM payments
      WHERE theater = NEW.theater AND booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;

CREATE TRIGGER refunds_stay_within_capture AFTER UPDATE OF status, amount_minor, payment ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds
      WHERE theater = NEW.theater AND booking = NEW.booking AND payment = NEW.payment AND status <> 'failed')
   > (SELECT captured_minor FROM payments
      WHERE theater = NEW.theater AND booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;

-- One ticket per seat of a booking.
CREATE TABLE tickets (
  theater  BLOB    NOT NULL,
  booking  BLOB    NOT NULL,
  seat     INTEGER NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  ticket   BLOB    NOT NULL CHECK (length(ticket) = 16),
  state    TEXT    NOT NULL CHECK (state IN ('valid', 'redeemed', 'void')),
  -- Grows with a reissue, which revokes the old ticket.
  revision INTEGER NOT NULL CHECK (revision > 0),
  PRIMARY KEY (theater, booking, seat)
) STRICT, WITHOUT ROWID;

-- Redeeming and cancelling exclude each other: neither can be undone or overwritten.
CREATE TRIGGER tickets_end_once BEFORE UPDATE OF state ON tickets
WHEN OLD.state <> 'valid' AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'the ticket was redeemed or voided already'); END;

-- Answers of POSTs, written with their effect. Rows are appended; only the small key lands anywhere.
CREATE TABLE idempotency (
  record     INTEGER PRIMARY KEY,
  scope      BLOB    NOT NULL UNIQUE CHECK (length(scope) = 16),
  body       BLOB    NOT NULL CHECK (length(body) = 16),
  status     INTEGER NOT NULL,
  answer     BLOB    NOT NULL,
  keep_until INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_by_end ON idempotency (keep_until);

-- Holds that ran out unpaid, for the pause after too many.
CREATE TABLE unpaid_expiries (
  theater BLOB    NOT NULL,
  show    BLOB    NOT NULL,
  caller  BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  booking BLOB    NOT NULL,
  PRIMARY KEY (theater, show, caller, at, booking)
) STRICT, WITHOUT ROWID;
CREATE INDEX unpaid_expiries_by_time ON unpaid_expiries (at);
