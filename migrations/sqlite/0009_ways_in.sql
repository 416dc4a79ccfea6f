-- Devices of an account, and ways to sign in beside a password.

-- What the device calls itself, e.g. "Firefox on Linux", and when the session was last seen (to a quarter of an hour).
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
-- Whether a second factor was shown for it: without one, staff are customers.
ALTER TABLE sessions ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1));
UPDATE sessions SET used_at = created_at;

-- What somebody began and has to come back with: a sign-in at a provider, a passkey's challenge.
-- As digests, each good once.
CREATE TABLE flows (
  digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  kind       TEXT    NOT NULL,
  -- What has to be known to go on, as JSON.
  body       TEXT    NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX flows_by_expiry ON flows (expires_at);

-- Who an OpenID provider says a person is.
CREATE TABLE identities (
  issuer    TEXT    NOT NULL,
  subject   TEXT    NOT NULL,
  user      BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
  -- The address the provider had verified when it was linked.
  email     TEXT    NOT NULL,
  linked_at INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_user ON identities (user);

-- A staff member's code generator. Its secret has to be kept as it is: codes are computed from it.
CREATE TABLE second_factors (
  user          BLOB    NOT NULL PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  secret        BLOB    NOT NULL CHECK (length(secret) = 20),
  -- Null until a first code was right.
  confirmed_at  INTEGER,
  -- The time step of the last code taken: no code is good twice.
  last_step     INTEGER NOT NULL CHECK (last_step >= 0),
  -- Codes tried since the last right one, and when the next may be tried.
  tries         INTEGER NOT NULL CHECK (tries >= 0),
  blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What opens an account when the generator is lost, each good once. As digests.
CREATE TABLE recovery_codes (
  user   BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY (user, digest)
) STRICT, WITHOUT ROWID;

-- Passkeys: public keys whose private half never leaves a person's device.
CREATE TABLE passkeys (
  credential BLOB    NOT NULL PRIMARY KEY,
  user       BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
  -- As the person knows it.
  name       TEXT    NOT NULL,
  -- The public key with its counter, as JSON.
  body       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_of_user ON passkeys (user, created_at);
