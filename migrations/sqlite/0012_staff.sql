-- Who works in a theater, and what they changed.

CREATE TABLE staff (
  theater BLOB    NOT NULL REFERENCES theaters,
  user    BLOB    NOT NULL REFERENCES users ON DELETE CASCADE,
  role    TEXT    NOT NULL CHECK (role = 'owner' OR role = 'manager' OR role = 'box_office' OR role = 'door'),
  since   INTEGER NOT NULL,
  PRIMARY KEY (theater, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX staff_of_user ON staff (user, theater);

-- Written with the change itself. An entry's id begins with its time, so that the newest stand at the end.
CREATE TABLE audit (
  theater    BLOB    NOT NULL,
  entry      BLOB    NOT NULL CHECK (length(entry) = 22),
  at         INTEGER NOT NULL,
  -- Who; NULL when it was done on the command line. It stays when the account is erased, and then names nobody.
  actor      BLOB    CHECK (length(actor) = 16),
  action     TEXT    NOT NULL,
  -- The id of what was changed.
  object     TEXT    NOT NULL,
  -- How it was and how it is, as JSON; NULL when it was not there.
  old_state  TEXT,
  new_state  TEXT,
  PRIMARY KEY (theater, entry)
) STRICT, WITHOUT ROWID;
