-- How often one customer may use a promotion code.
ALTER TABLE promo_codes ADD COLUMN uses_per_customer INTEGER CHECK (uses_per_customer BETWEEN 1 AND 100);

-- A row for each booking that owns its seats, has a code with such a limit, and whose customer is known. A customer has
-- only so many places, so the key is the last guard against one use too many.
CREATE TABLE promo_uses (
  theater  BLOB    NOT NULL,
  code     TEXT    NOT NULL,
  -- Digest of the account or, of guests, of the e-mail address.
  customer BLOB    NOT NULL CHECK (length(customer) = 16),
  -- The place it takes of the customer's.
  place    INTEGER NOT NULL CHECK (place BETWEEN 1 AND most),
  -- As the code has it, whose terms never change.
  most     INTEGER NOT NULL CHECK (most <= 100),
  booking  BLOB    NOT NULL,
  PRIMARY KEY (theater, code, customer, place)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX promo_uses_by_booking ON promo_uses (theater, booking);
