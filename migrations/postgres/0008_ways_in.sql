-- Devices of an account, and ways to sign in beside a password.

-- What the device calls itself, e.g. "Firefox on Linux", and when the session was last seen (to a quarter of an hour).
ALTER TABLE sessions ADD COLUMN device text NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN used_at bigint NOT NULL DEFAULT 0;
-- Whether a second factor was shown for it: without one, staff are customers.
ALTER TABLE sessions ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
UPDATE sessions SET used_at = created_at;

-- What somebody began and has to come back with: a sign-in at a provider, a passkey's challenge.
-- As digests, each good once.
CREATE TABLE flows (
  digest     bytea  PRIMARY KEY CHECK (length(digest) = 32),
  kind       text   NOT NULL,
  -- What has to be known to go on, as JSON.
  body       json   NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX flows_by_expiry ON flows (expires_at);

-- Who an OpenID provider says a person is.
CREATE TABLE identities (
  issuer    text   NOT NULL,
  subject   text   NOT NULL,
  "user"    bytea  NOT NULL REFERENCES users ON DELETE CASCADE,
  -- The address the provider had verified when it was linked.
  email     text   NOT NULL,
  linked_at bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_user ON identities ("user");

-- A staff member's code generator. Its secret has to be kept as it is: codes are computed from it.
CREATE TABLE second_factors (
  "user"        bytea   PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  secret        bytea   NOT NULL CHECK (length(secret) = 20),
  -- Null until a first code was right.
  confirmed_at  bigint,
  -- The time step of the last code taken: no code is good twice.
  last_step     bigint  NOT NULL CHECK (last_step >= 0),
  -- Codes tried since the last right one, and when the next may be tried.
  tries         integer NOT NULL CHECK (tries >= 0),
  blocked_until bigint  NOT NULL
);

-- What opens an account when the generator is lost, each good once. As digests.
CREATE TABLE recovery_codes (
  "user" bytea NOT NULL REFERENCES users ON DELETE CASCADE,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  PRIMARY KEY ("user", digest)
);

-- Passkeys: public keys whose private half never leaves a person's device.
CREATE TABLE passkeys (
  credential bytea  PRIMARY KEY,
  "user"     bytea  NOT NULL REFERENCES users ON DELETE CASCADE,
  -- As the person knows it.
  name       text   NOT NULL,
  -- The public key with its counter, as JSON.
  body       json   NOT NULL,
  created_at bigint NOT NULL,
  used_at    bigint
);
CREATE INDEX passkeys_of_user ON passkeys ("user", created_at);
