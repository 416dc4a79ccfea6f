-- Rows in the order of time, across theaters.
-- A booking's id begins with its time and is unique by itself. With the theater in front of it in every key, each of
-- many theaters had an end of its own to append to, and a commit wrote a page for each; long rows of bookings went
-- to pages of their own besides, because a table without row ids takes only short ones. The theater stays a column,
-- and statements name it as before.
-- Lists of three values and more are chains of OR instead of IN: for those SQLite makes a table of the list each time
-- a row is written, and these checks are part of every booking.

DROP TRIGGER refunds_within_capture;
DROP TRIGGER refunds_stay_within_capture;
DROP TRIGGER tickets_end_once;
DROP INDEX bookings_held;
DROP INDEX bookings_unpaid;
DROP INDEX bookings_of_user;
DROP INDEX bookings_of_guest;
DROP INDEX payments_by_id;
DROP INDEX payments_live;
DROP INDEX refunds_pending;
DROP INDEX messages_due;
DROP INDEX messages_pending;
DROP INDEX messages_failed;
DROP INDEX messages_sent_at;
ALTER TABLE seats RENAME TO seats_before;
ALTER TABLE bookings RENAME TO bookings_before;
ALTER TABLE payments RENAME TO payments_before;
ALTER TABLE refunds RENAME TO refunds_before;
ALTER TABLE tickets RENAME TO tickets_before;
ALTER TABLE messages RENAME TO messages_before;
ALTER TABLE sandbox_charges RENAME TO sandbox_charges_before;
ALTER TABLE sandbox_refunds RENAME TO sandbox_refunds_before;

-- A seat has a row only while it is held (1), sold (2) or blocked (3). The primary key is what makes selling twice
-- impossible, and inserting the row is the lock.
CREATE TABLE seats (
  theater BLOB    NOT NULL,
  show    BLOB    NOT NULL,
  seat    INTEGER NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  state   INTEGER NOT NULL CHECK (state = 1 OR state = 2 OR state = 3),
  -- The booking's own part; a blocked seat belongs to nobody.
  booking BLOB    CHECK ((booking IS NULL) = (state = 3)),
  PRIMARY KEY (theater, show, seat)
) STRICT, WITHOUT ROWID;

-- A rowid table: its rows are long.
CREATE TABLE bookings (
  theater          BLOB    NOT NULL,
  booking          BLOB    NOT NULL UNIQUE CHECK (length(booking) = 22),
  show             BLOB    NOT NULL CHECK (length(show) = 16),
  reference        TEXT    NOT NULL UNIQUE,
  status           TEXT    NOT NULL CHECK (status = 'held' OR status = 'awaiting_payment' OR status = 'confirmed'
      OR status = 'partly_cancelled' OR status = 'cancelled' OR status = 'expired'
      OR status = 'released'),
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
  payment_deadline INTEGER CHECK ((payment_deadline IS NOT NULL) = (status = 'awaiting_payment'))
) STRICT;
-- What the reaper looks at.
CREATE INDEX bookings_held ON bookings (expires_at) WHERE status = 'held';
-- What one caller has unpaid of a show.
CREATE INDEX bookings_unpaid ON bookings (show, caller) WHERE status IN ('held', 'awaiting_payment');
-- A person's history, newest last.
CREATE INDEX bookings_of_user ON bookings (user, booking, theater) WHERE user IS NOT NULL;
-- A guest's bookings join an account once its e-mail is verified.
CREATE INDEX bookings_of_guest ON bookings (guest_email COLLATE NOCASE) WHERE guest_email IS NOT NULL;

CREATE TABLE payments (
  theater        BLOB    NOT NULL,
  booking        BLOB    NOT NULL,
  payment        BLOB    NOT NULL CHECK (length(payment) = 22),
  status         TEXT    NOT NULL CHECK (status = 'created' OR status = 'requires_action' OR status = 'authorized'
      OR status = 'captured' OR status = 'partly_refunded' OR status = 'refunded'
      OR status = 'declined' OR status = 'voided'),
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
  PRIMARY KEY (booking, payment),
  FOREIGN KEY (booking) REFERENCES bookings (booking)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX payments_by_id ON payments (payment);
-- At most one live payment per booking.
CREATE UNIQUE INDEX payments_live ON payments (booking)
  WHERE status = 'created' OR status = 'requires_action' OR status = 'authorized';

CREATE TABLE refunds (
  theater      BLOB    NOT NULL,
  booking      BLOB    NOT NULL,
  refund       BLOB    NOT NULL CHECK (length(refund) = 16),
  payment      BLOB    NOT NULL,
  status       TEXT    NOT NULL CHECK (status = 'pending' OR status = 'succeeded' OR status = 'failed'),
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  currency     TEXT    NOT NULL CHECK (length(currency) = 3),
  reason       TEXT    NOT NULL,
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  created_at   INTEGER NOT NULL,
  -- When it was last recorded or asked of the gateway.
  tried_at     INTEGER NOT NULL,
  PRIMARY KEY (booking, refund),
  FOREIGN KEY (booking, payment) REFERENCES payments (booking, payment)
) STRICT, WITHOUT ROWID;
CREATE INDEX refunds_pending ON refunds (tried_at) WHERE status = 'pending';

-- The rows themselves never ask for more back than was captured, whatever the payment's own columns say.
CREATE TRIGGER refunds_within_capture AFTER INSERT ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds
      WHERE booking = NEW.booking AND payment = NEW.payment AND status <> 'failed')
   > (SELECT captured_minor FROM payments
      WHERE booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;

CREATE TRIGGER refunds_stay_within_capture AFTER UPDATE OF status, amount_minor, payment ON refunds
WHEN (SELECT sum(amount_minor) FROM refunds
      WHERE booking = NEW.booking AND payment = NEW.payment AND status <> 'failed')
   > (SELECT captured_minor FROM payments
      WHERE booking = NEW.booking AND payment = NEW.payment)
BEGIN SELECT RAISE(ABORT, 'refunds exceed what was captured'); END;

-- One ticket per seat of a booking.
CREATE TABLE tickets (
  theater  BLOB    NOT NULL,
  booking  BLOB    NOT NULL,
  seat     INTEGER NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  ticket   BLOB    NOT NULL CHECK (length(ticket) = 16),
  state    TEXT    NOT NULL CHECK (state = 'valid' OR state = 'redeemed' OR state = 'void'),
  -- Grows with a reissue, which revokes the old ticket.
  revision INTEGER NOT NULL CHECK (revision > 0),
  PRIMARY KEY (booking, seat)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  theater      BLOB    NOT NULL,
  booking      BLOB    NOT NULL CHECK (length(booking) IN (0, 22)),
  message      BLOB    NOT NULL CHECK (length(message) = 16),
  status       TEXT    NOT NULL CHECK (status = 'pending' OR status = 'sent' OR status = 'failed'),
  kind         TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  recipient    TEXT    NOT NULL,
  payload      TEXT    NOT NULL,
  attempts     INTEGER NOT NULL CHECK (attempts >= 0),
  created_at   INTEGER NOT NULL,
  -- When it may be claimed: at once, after a claim ran out, or after a pause.
  due_at       INTEGER NOT NULL,
  sent_at      INTEGER CHECK ((sent_at IS NOT NULL) = (status = 'sent')),
  last_error   TEXT,
  PRIMARY KEY (booking, message)
) STRICT, WITHOUT ROWID;
-- Only what is still to be done is indexed, so these stay small however many were sent.
CREATE INDEX messages_due ON messages (due_at) WHERE status = 'pending';
CREATE UNIQUE INDEX messages_pending ON messages (message) WHERE status = 'pending';
CREATE INDEX messages_failed ON messages (created_at) WHERE status = 'failed';
-- Finds the sent ones that are old enough.
CREATE INDEX messages_sent_at ON messages (sent_at) WHERE status = 'sent';

CREATE TABLE sandbox_charges (
  charge         TEXT    NOT NULL PRIMARY KEY,
  status         TEXT    NOT NULL CHECK (status = 'requires_action' OR status = 'authorized' OR status = 'captured'
      OR status = 'declined' OR status = 'voided'),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  method         TEXT    NOT NULL,
  -- Only captured money goes back, and never more than was captured.
  refunded_minor INTEGER NOT NULL
    CHECK (refunded_minor BETWEEN 0 AND CASE status WHEN 'captured' THEN amount_minor ELSE 0 END),
  created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sandbox_refunds (
  charge       TEXT    NOT NULL REFERENCES sandbox_charges,
  refund       TEXT    NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (charge, refund)
) STRICT, WITHOUT ROWID;

INSERT INTO seats (
  theater, show, seat, state, booking)
SELECT
  theater, show, seat, state, booking
FROM seats_before;
INSERT INTO bookings (
  theater, booking, show, reference, status, version, user, guest_email, caller, seats, seat_count,
  total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions,
  payment_deadline)
SELECT
  theater, booking, show, reference, status, version, user, guest_email, caller, seats, seat_count,
  total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions,
  payment_deadline
FROM bookings_before ORDER BY booking;
INSERT INTO payments (
  theater, booking, payment, status, amount_minor, currency, captured_minor, refunded_minor, gateway,
  method_token, method_label, gateway_ref, decline_reason, created_at, key_scope, key_body)
SELECT
  theater, booking, payment, status, amount_minor, currency, captured_minor, refunded_minor, gateway,
  method_token, method_label, gateway_ref, decline_reason, created_at, key_scope, key_body
FROM payments_before;
INSERT INTO refunds (
  theater, booking, refund, payment, status, amount_minor, currency, reason, attempts, created_at,
  tried_at)
SELECT
  theater, booking, refund, payment, status, amount_minor, currency, reason, attempts, created_at,
  tried_at
FROM refunds_before;
INSERT INTO tickets (
  theater, booking, seat, ticket, state, revision)
SELECT
  theater, booking, seat, ticket, state, revision
FROM tickets_before;
INSERT INTO messages (
  theater, booking, message, status, kind, channel, recipient, payload, attempts, created_at, due_at,
  sent_at, last_error)
SELECT
  theater, booking, message, status, kind, channel, recipient, payload, attempts, created_at, due_at,
  sent_at, last_error
FROM messages_before;
INSERT INTO sandbox_charges (
  charge, status, amount_minor, currency, method, refunded_minor, created_at)
SELECT
  charge, status, amount_minor, currency, method, refunded_minor, created_at
FROM sandbox_charges_before;
INSERT INTO sandbox_refunds (
  charge, refund, amount_minor, created_at)
SELECT
  charge, refund, amount_minor, created_at
FROM sandbox_refunds_before;

-- Redeeming and cancelling exclude each other: neither can be undone or overwritten.
CREATE TRIGGER tickets_end_once BEFORE UPDATE OF state ON tickets
WHEN OLD.state <> 'valid' AND NEW.state <> OLD.state
BEGIN SELECT RAISE(ABORT, 'the ticket was redeemed or voided already'); END;

DROP TABLE sandbox_refunds_before;
DROP TABLE sandbox_charges_before;
DROP TABLE messages_before;
DROP TABLE tickets_before;
DROP TABLE refunds_before;
DROP TABLE payments_before;
DROP TABLE bookings_before;
DROP TABLE seats_before;

-- Statistics of tables that grow from nothing to millions are out of date when it matters, and a plan made for a table of
-- one row reads all of it for each row of another. Without any, the planner walks indexes, which is what they are for.
DROP TABLE IF EXISTS sqlite_stat1;
DROP TABLE IF EXISTS sqlite_stat4;
