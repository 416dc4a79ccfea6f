-- Promotion codes, and how many bookings use each. The row of a code is written once per commit that takes it up or
-- gives it back, by all servers: so a code is for as many bookings a second as there are commits, times their length.
CREATE TABLE promo_codes (
  theater    bytea  NOT NULL,
  -- As the domain writes it: capitals, digits, - and _. In the order of its bytes, as every engine has it.
  code       text   COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 3 AND 32),
  -- What it takes off, of what. It never changes.
  terms      json   NOT NULL,
  starts_at  bigint NOT NULL,
  -- NULL: it does not end by itself.
  ends_at    bigint,
  -- NULL: any number.
  max_uses   bigint CHECK (max_uses > 0),
  -- Bookings with this code that own their seats. The last guard against one use too many.
  used       bigint NOT NULL CHECK (used >= 0 AND (max_uses IS NULL OR used <= max_uses)),
  created_at bigint NOT NULL,
  PRIMARY KEY (theater, code)
) WITH (fillfactor = 50);

-- The code a booking's prices were made with.
ALTER TABLE bookings ADD COLUMN promo text COLLATE "C";
CREATE INDEX bookings_by_promo ON bookings (theater, promo) WHERE promo IS NOT NULL;
