-- Promotion codes, and how many bookings use each.
CREATE TABLE promo_codes (
  theater    BLOB    NOT NULL,
  -- As the domain writes it: capitals, digits, - and _.
  code       TEXT    NOT NULL CHECK (length(code) BETWEEN 3 AND 32),
  -- What it takes off, of what. It never changes.
  terms      TEXT    NOT NULL,
  starts_at  INTEGER NOT NULL,
  -- NULL: it does not end by itself.
  ends_at    INTEGER,
  -- NULL: any number.
  max_uses   INTEGER CHECK (max_uses > 0),
  -- Bookings with this code that own their seats. The last guard against one use too many.
  used       INTEGER NOT NULL CHECK (used >= 0 AND (max_uses IS NULL OR used <= max_uses)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (theater, code)
) STRICT, WITHOUT ROWID;

-- The code a booking's prices were made with.
ALTER TABLE bookings ADD COLUMN promo TEXT;
CREATE INDEX bookings_by_promo ON bookings (theater, promo) WHERE promo IS NOT NULL;
