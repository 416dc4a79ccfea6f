-- People with accounts, their sessions, and mailed secrets. Tokens are kept as SHA-256 digests, passwords as argon2id.

CREATE TABLE users (
  "user"          bytea   PRIMARY KEY CHECK (length("user") = 16),
  -- As the person wrote it.
  email           text    NOT NULL,
  -- What makes it unique: lower case.
  email_folded    text    NOT NULL UNIQUE,
  email_verified  boolean NOT NULL,
  password_hash   text    NOT NULL,
  role            text    NOT NULL CHECK (role IN ('customer', 'admin')),
  profile         json    NOT NULL,
  profile_version bigint  NOT NULL CHECK (profile_version >= 1),
  created_at      bigint  NOT NULL
);

-- One row per sign-in on one device (a family); its tokens rotate in place.
CREATE TABLE sessions (
  session            bytea   PRIMARY KEY CHECK (length(session) = 16),
  "user"             bytea   NOT NULL REFERENCES users ON DELETE CASCADE,
  access             bytea   NOT NULL UNIQUE CHECK (length(access) = 32),
  access_expires_at  bigint  NOT NULL,
  refresh            bytea   NOT NULL UNIQUE CHECK (length(refresh) = 32),
  refresh_expires_at bigint  NOT NULL,
  -- The refresh token before the current one: good again until the current one was used.
  previous_refresh   bytea   UNIQUE CHECK (length(previous_refresh) = 32),
  current_used       boolean NOT NULL,
  cookie             boolean NOT NULL,
  created_at         bigint  NOT NULL
);
CREATE INDEX sessions_of_user ON sessions ("user", created_at);
CREATE INDEX sessions_by_expiry ON sessions (refresh_expires_at);

-- Refresh tokens that a family has left behind: one that comes back ends the family.
CREATE TABLE spent_refresh_tokens (
  digest   bytea  PRIMARY KEY CHECK (length(digest) = 32),
  session  bytea  NOT NULL REFERENCES sessions ON DELETE CASCADE,
  spent_at bigint NOT NULL
);
CREATE INDEX spent_refresh_tokens_of_session ON spent_refresh_tokens (session, spent_at);

-- Secrets that were mailed, each good for one use.
CREATE TABLE one_time_secrets (
  digest     bytea  PRIMARY KEY CHECK (length(digest) = 32),
  purpose    text   NOT NULL CHECK (purpose IN ('password_reset', 'email_verification', 'booking_recovery')),
  -- User id or booking id, as text.
  subject    text   NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX one_time_secrets_by_expiry ON one_time_secrets (expires_at);
CREATE INDEX one_time_secrets_of_subject ON one_time_secrets (subject);

-- Keys this database signs and derives with.
CREATE TABLE secret_keys (
  name   text  PRIMARY KEY,
  secret bytea NOT NULL CHECK (length(secret) = 32)
);
