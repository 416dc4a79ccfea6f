-- The sandbox bank's books. Nothing here refers to a booking: a bank does not know of them.
CREATE TABLE sandbox_charges (
  charge         TEXT    NOT NULL PRIMARY KEY,
  status         TEXT    NOT NULL CHECK (status IN ('requires_action', 'authorized', 'captured', 'declined', 'voided')),
  amount_minor   INTEGER NOT NULL CHECK (amount_minor >= 0),
  currency       TEXT    NOT NULL CHECK (length(currency) = 3),
  method         TEXT    NOT NULL,
  -- Only captured money goes back, and never more than was captured.
  refunded_minor INTEGER NOT NULL
    CHECK (refunded_minor BETWEEN 0 AND CASE status WHEN 'captured' THEN amount_minor ELSE 0 END),
  created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per refund key: asking twice pays back once.
CREATE TABLE sandbox_refunds (
  charge       TEXT    NOT NULL REFERENCES sandbox_charges,
  refund       TEXT    NOT NULL,
  amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (charge, refund)
) STRICT, WITHOUT ROWID;
