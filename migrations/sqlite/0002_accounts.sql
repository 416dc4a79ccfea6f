-- People with accounts, their sessions, and mailed secrets. Tokens are kept as SHA-256 digests, passwords as argon2id.

CREATE TABLE users (
  user            BLOB    NOT NULL PRIMARY KEY CHECK (length(user) = 16),
  -- As the person wrote it.
  email           TEXT    NOT NULL,
  -- What makes it unique: lower case.
  email_folded    TEXT    NOT NULL UNIQUE,
  email_verified  INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
  password_hash   TEXT    NOT NULL,
  role            TEXT    NOT NULL CHECK (role IN ('customer', 'admin')),
  -- The profile as JSON.
  profile         TEXT    NOT NULL,
  profile_version INTEGER NOT NULL CHECK (profile_version >= 1),
  created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per sign-in on one device (a family); its tokens rotate in place.
CREATE TABLE sessions (
  session            BLOB    NOT NULL PRIMARY KEY CHECK (length(session) = 16),
  user               BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
  access             BLOB    NOT NULL UNIQUE CHECK (length(access) = 32),
  access_expires_at  INTEGER NOT NULL,
  refresh            BLOB    NOT NULL UNIQUE CHECK (length(refresh) = 32),
  refresh_expires_at INTEGER NOT NULL,
  -- The refresh token before the current one: good again until the current one was used.
  previous_refresh   BLOB    CHECK (length(previous_refresh) = 32),
  current_used       INTEGER NOT NULL CHECK (current_used IN (0, 1)),
  cookie             INTEGER NOT NULL CHECK (cookie IN (0, 1)),
  created_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_previous ON sessions (previous_refresh) WHERE previous_refresh IS NOT NULL;
CREATE INDEX sessions_of_user ON sessions (user, created_at);
CREATE INDEX sessions_by_expiry ON sessions (refresh_expires_at);

-- Refresh tokens that a family has left behind: one that comes back ends the family.
CREATE TABLE spent_refresh_tokens (
  digest   BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  session  BLOB    NOT NULL REFERENCES sessions ON DELETE CASCADE,
  spent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_refresh_tokens_of_session ON spent_refresh_tokens (session, spent_at);

-- Secrets that were mailed, each good for one use.
CREATE TABLE one_time_secrets (
  digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  purpose    TEXT    NOT NULL CHECK (purpose IN ('password_reset', 'email_verification', 'booking_recovery')),
  -- User id or booking id, as text.
  subject    TEXT    NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_secrets_by_expiry ON one_time_secrets (expires_at);
CREATE INDEX one_time_secrets_of_subject ON one_time_secrets (subject);

-- Keys this database signs and derives with.
CREATE TABLE secret_keys (
  name   TEXT NOT NULL PRIMARY KEY,
  secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;
