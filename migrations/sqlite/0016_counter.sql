-- Selling at the counter: shifts with their drawers, and what was taken and handed out.

CREATE TABLE shifts (
  theater       BLOB    NOT NULL,
  shift         BLOB    NOT NULL CHECK (length(shift) = 16),
  -- Whose; it stays when the account is erased, and then names nobody.
  user          BLOB    NOT NULL CHECK (length(user) = 16),
  -- The counter's window.
  place         TEXT    NOT NULL,
  currency      TEXT    NOT NULL CHECK (length(currency) = 3),
  -- Cash in the drawer when it began.
  float_minor   INTEGER NOT NULL CHECK (float_minor >= 0),
  opened_at     INTEGER NOT NULL,
  closed_at     INTEGER,
  counted_minor INTEGER CHECK ((counted_minor IS NULL) = (closed_at IS NULL)),
  -- What had to be in the drawer: float and cash sales, less what was handed out.
  expected_minor INTEGER CHECK ((expected_minor IS NULL) = (closed_at IS NULL)),
  PRIMARY KEY (theater, shift)
) STRICT, WITHOUT ROWID;
-- One at a time for each person and each window.
CREATE UNIQUE INDEX shifts_open_of_user ON shifts (theater, user) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX shifts_open_at_place ON shifts (theater, place) WHERE closed_at IS NULL;
CREATE INDEX shifts_by_time ON shifts (theater, opened_at, shift);

-- The counter's own books, apart from the bookings as those of any gateway: one charge per payment.
CREATE TABLE counter_charges (
  theater        BLOB    NOT NULL,
  payment        BLOB    NOT NULL CHECK (length(payment) = 22),
  shift          BLOB    CHECK (shift IS NOT NULL OR method = 'invitation'),
  method         TEXT    NOT NULL CHECK (method = 'cash' OR method = 'terminal' OR method = 'invitation'),
  status         TEXT    NOT NULL CHECK (status = 'authorized' OR status = 'captured' OR status = 'voided'),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0 AND (amount_minor = 0 OR method <> 'invitation')),
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  -- Only what was taken goes back, and never more.
  refunded_minor INTEGER NOT NULL
    CHECK (refunded_minor BETWEEN 0 AND CASE status WHEN 'captured' THEN amount_minor ELSE 0 END),
  created_at     INTEGER NOT NULL,
  PRIMARY KEY (theater, payment),
  FOREIGN KEY (theater, shift) REFERENCES shifts
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_charges_of_shift ON counter_charges (theater, shift) WHERE shift IS NOT NULL;

-- One row per refund key. Cash is handed out in somebody's shift; until then the theater has it.
CREATE TABLE counter_refunds (
  theater      BLOB    NOT NULL,
  payment      BLOB    NOT NULL,
  refund       TEXT    NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  created_at   INTEGER NOT NULL,
  shift        BLOB    CHECK ((shift IS NULL) = (paid_out_at IS NULL)),
  paid_out_at  INTEGER,
  PRIMARY KEY (theater, payment, refund),
  FOREIGN KEY (theater, payment) REFERENCES counter_charges,
  FOREIGN KEY (theater, shift) REFERENCES shifts
) STRICT, WITHOUT ROWID;
CREATE INDEX counter_refunds_by_key ON counter_refunds (theater, refund);
CREATE INDEX counter_refunds_of_shift ON counter_refunds (theater, shift) WHERE shift IS NOT NULL;
