CREATE TABLE movies (
    movie_id    TEXT    PRIMARY KEY,
    name        TEXT    NOT NULL,
    -- Name, director, cast and genres without case and accents, for the search.
    search      TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    body        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
