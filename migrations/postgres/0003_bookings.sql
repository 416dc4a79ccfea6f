-- Who has which seat of which show, and what is owed and paid for it.
-- Ids are raw bytes; those that carry their theater stand in two columns, the theater first in every key, so that each
-- table can be partitioned or sharded by theater. Times are microseconds since 1970, UTC. Amounts are minor units.
-- There are no triggers and no sequences here. What the embedded engine guards by a trigger is guarded by conditions
-- inside the statements that write (the crate's `lanes/write`): a refund's sum is checked against what was captured
-- in the transaction that writes it, a ticket is voided only while it is valid.

-- One row per show, made and removed with the show. `version` grows with every commit that changes the show's seats;
-- `taken` counts its rows in `seats`. Both are written once per commit, as the last thing: whoever else changes the
-- show waits for this row as shortly as possible. It is updated often: room is left so that the new row stays beside
-- the old one.
CREATE TABLE show_state (
  theater bytea   NOT NULL,
  show    bytea   NOT NULL CHECK (length(show) = 16),
  version bigint  NOT NULL CHECK (version > 0),
  taken   integer NOT NULL CHECK (taken BETWEEN 0 AND 65536),
  PRIMARY KEY (theater, show)
) WITH (fillfactor = 50);

-- A seat has a row only while it is held (1), sold (2) or blocked (3). The primary key is what makes selling twice
-- impossible, and inserting the row is the lock.
CREATE TABLE seats (
  theater bytea   NOT NULL,
  show    bytea   NOT NULL,
  seat    integer NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  state   integer NOT NULL CHECK (state IN (1, 2, 3)),
  -- The booking's own part; a blocked seat belongs to nobody.
  booking bytea   CHECK ((booking IS NULL) = (state = 3)),
  PRIMARY KEY (theater, show, seat)
) WITH (fillfactor = 80);

-- The own part of a booking's id begins with its time, so new rows land at the end of their theater.
CREATE TABLE bookings (
  theater          bytea   NOT NULL,
  booking          bytea   NOT NULL CHECK (length(booking) = 22),
  show             bytea   NOT NULL CHECK (length(show) = 16),
  reference        text    NOT NULL,
  status           text    NOT NULL CHECK (status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled',
                                                      'cancelled', 'expired', 'released')),
  -- Grows with every change of the booking.
  version          bigint  NOT NULL CHECK (version > 0),
  -- The account; NULL for a guest, and after the account was erased.
  "user"           bytea,
  guest_email      text,
  -- Whom limits count: a digest.
  caller           bytea   NOT NULL CHECK (length(caller) = 16),
  -- [{seat, ticket_type, price_minor, cancelled?}]
  seats            json    NOT NULL CHECK (json_typeof(seats) = 'array'),
  seat_count       integer NOT NULL CHECK (seat_count > 0),
  total_minor      bigint  NOT NULL CHECK (total_minor >= 0),
  currency         text    NOT NULL CHECK (length(currency) = 3),
  lines            json    NOT NULL,
  advice           json    NOT NULL,
  test             boolean NOT NULL,
  created_at       bigint  NOT NULL,
  -- Of the hold, while there is one.
  held_at          bigint  CHECK ((held_at IS NULL) = (expires_at IS NULL)),
  expires_at       bigint  CHECK ((expires_at IS NOT NULL) = (status IN ('held', 'awaiting_payment'))),
  extensions       integer NOT NULL CHECK (extensions >= 0),
  payment_deadline bigint  CHECK ((payment_deadline IS NOT NULL) = (status = 'awaiting_payment')),
  PRIMARY KEY (theater, booking)
) WITH (fillfactor = 80);
-- Unique within a theater, because a sharded table can promise no more. It has 49 random bits: two theaters hardly
-- ever draw the same, and then the newer booking is found by it.
CREATE UNIQUE INDEX bookings_by_reference ON bookings (reference, theater);
-- What the reaper looks at.
CREATE INDEX bookings_held ON bookings (expires_at) WHERE status = 'held';
-- What one caller has unpaid of a show.
CREATE INDEX bookings_unpaid ON bookings (theater, show, caller)
  WHERE status IN ('held', 'awaiting_payment');
-- A person's history, newest last.
CREATE INDEX bookings_of_user ON bookings ("user", booking, theater) WHERE "user" IS NOT NULL;
-- A guest's bookings join an account once its e-mail is verified.
CREATE INDEX bookings_of_guest ON bookings (lower(guest_email)) WHERE guest_email IS NOT NULL;

CREATE TABLE payments (
  theater        bytea  NOT NULL,
  booking        bytea  NOT NULL,
  payment        bytea  NOT NULL CHECK (length(payment) = 22),
  status         text   NOT NULL CHECK (status IN ('created', 'requires_action', 'authorized', 'captured',
                                                   'partly_refunded', 'refunded', 'declined', 'voided')),
  amount_minor   bigint NOT NULL CHECK (amount_minor >= 0),
  currency       text   NOT NULL CHECK (length(currency) = 3),
  captured_minor bigint NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
  -- More than was captured never goes back.
  refunded_minor bigint NOT NULL CHECK (refunded_minor BETWEEN 0 AND captured_minor),
  gateway        text   NOT NULL,
  method_token   text   NOT NULL,
  method_label   text   NOT NULL,
  gateway_ref    text,
  decline_reason text,
  created_at     bigint NOT NULL,
  -- The request that began it.
  key_scope      bytea  CHECK ((key_scope IS NULL) = (key_body IS NULL)),
  key_body       bytea,
  PRIMARY KEY (theater, booking, payment),
  FOREIGN KEY (theater, booking) REFERENCES bookings
);
CREATE UNIQUE INDEX payments_by_id ON payments (theater, payment);
-- At most one live payment per booking.
CREATE UNIQUE INDEX payments_live ON payments (theater, booking)
  WHERE status IN ('created', 'requires_action', 'authorized');
-- What recovery looks at.
CREATE INDEX payments_unsettled ON payments (created_at)
  WHERE status IN ('created', 'requires_action', 'authorized');

CREATE TABLE refunds (
  theater      bytea   NOT NULL,
  booking      bytea   NOT NULL,
  refund       bytea   NOT NULL CHECK (length(refund) = 16),
  payment      bytea   NOT NULL,
  status       text    NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
  amount_minor bigint  NOT NULL CHECK (amount_minor > 0),
  currency     text    NOT NULL CHECK (length(currency) = 3),
  reason       text    NOT NULL,
  attempts     integer NOT NULL CHECK (attempts >= 0),
  created_at   bigint  NOT NULL,
  -- When it was last recorded or asked of the gateway.
  tried_at     bigint  NOT NULL,
  PRIMARY KEY (theater, booking, refund),
  FOREIGN KEY (theater, booking, payment) REFERENCES payments
);
CREATE INDEX refunds_pending ON refunds (tried_at) WHERE status = 'pending';

-- One ticket per seat of a booking.
CREATE TABLE tickets (
  theater  bytea   NOT NULL,
  booking  bytea   NOT NULL,
  seat     integer NOT NULL CHECK (seat BETWEEN 0 AND 65535),
  ticket   bytea   NOT NULL CHECK (length(ticket) = 16),
  -- It ends once: every statement that changes the state asks for a valid ticket.
  state    text    NOT NULL CHECK (state IN ('valid', 'redeemed', 'void')),
  -- Grows with a reissue, which revokes the old ticket.
  revision integer NOT NULL CHECK (revision > 0),
  PRIMARY KEY (theater, booking, seat)
);

-- Answers of POSTs, written with their effect. A key's scope belongs to its caller, who may use it in any theater and
-- must then be told that it was used: so this table alone is partitioned by the scope, not by the theater.
CREATE TABLE idempotency (
  scope      bytea   PRIMARY KEY CHECK (length(scope) = 16),
  body       bytea   NOT NULL CHECK (length(body) = 16),
  status     integer NOT NULL,
  answer     bytea   NOT NULL,
  keep_until bigint  NOT NULL
);
CREATE INDEX idempotency_by_end ON idempotency (keep_until);

-- Holds that ran out unpaid, for the pause after too many.
CREATE TABLE unpaid_expiries (
  theater bytea  NOT NULL,
  show    bytea  NOT NULL,
  caller  bytea  NOT NULL,
  at      bigint NOT NULL,
  booking bytea  NOT NULL,
  PRIMARY KEY (theater, show, caller, at, booking)
);
CREATE INDEX unpaid_expiries_by_time ON unpaid_expiries (at);
