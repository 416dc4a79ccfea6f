-- How often one customer may use a promotion code.
ALTER TABLE promo_codes ADD COLUMN uses_per_customer integer CHECK (uses_per_customer BETWEEN 1 AND 100);

-- A row for each booking that owns its seats, has a code with such a limit, and whose customer is known. A customer has
-- only so many places, so the key is the last guard against one use too many, whichever server asks.
CREATE TABLE promo_uses (
  theater  bytea   NOT NULL,
  code     text    COLLATE "C" NOT NULL,
  -- Digest of the account or, of guests, of the e-mail address.
  customer bytea   NOT NULL CHECK (octet_length(customer) = 16),
  -- The place it takes of the customer's.
  place    integer NOT NULL CHECK (place BETWEEN 1 AND most),
  -- As the code has it, whose terms never change.
  most     integer NOT NULL CHECK (most <= 100),
  booking  bytea   NOT NULL,
  PRIMARY KEY (theater, code, customer, place)
);
CREATE UNIQUE INDEX promo_uses_by_booking ON promo_uses (theater, booking);
