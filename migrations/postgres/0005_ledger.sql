-- The sandbox bank's books. Nothing here refers to a booking: a bank does not know of them.
CREATE TABLE sandbox_charges (
  charge         text   PRIMARY KEY,
  status         text   NOT NULL CHECK (status IN ('requires_action', 'authorized', 'captured', 'declined', 'voided')),
  amount_minor   bigint NOT NULL CHECK (amount_minor >= 0),
  currency       text   NOT NULL CHECK (length(currency) = 3),
  method         text   NOT NULL,
  -- Only captured money goes back, and never more than was captured.
  refunded_minor bigint NOT NULL
    CHECK (refunded_minor BETWEEN 0 AND CASE status WHEN 'captured' THEN amount_minor ELSE 0 END),
  created_at     bigint NOT NULL
);

-- One row per refund key: asking twice pays back once.
CREATE TABLE sandbox_refunds (
  charge       text   NOT NULL REFERENCES sandbox_charges,
  refund       text   NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  created_at   bigint NOT NULL,
  PRIMARY KEY (charge, refund)
);
