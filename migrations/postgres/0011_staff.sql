-- Who works in a theater, and what they changed.

CREATE TABLE staff (
  theater bytea  NOT NULL REFERENCES theaters,
  "user"  bytea  NOT NULL REFERENCES users ON DELETE CASCADE,
  role    text   NOT NULL CHECK (role IN ('owner', 'manager', 'box_office', 'door')),
  since   bigint NOT NULL,
  PRIMARY KEY (theater, "user")
);
CREATE INDEX staff_of_user ON staff ("user", theater);

-- Written with the change itself. An entry's id begins with its time, so that the newest stand at the end.
CREATE TABLE audit (
  theater    bytea  NOT NULL,
  entry      bytea  NOT NULL CHECK (length(entry) = 22),
  at         bigint NOT NULL,
  -- Who; NULL when it was done on the command line. It stays when the account is erased, and then names nobody.
  actor      bytea  CHECK (length(actor) = 16),
  action     text   NOT NULL,
  -- The id of what was changed.
  object     text   NOT NULL,
  -- How it was and how it is; NULL when it was not there.
  old_state  json,
  new_state  json,
  PRIMARY KEY (theater, entry)
);
