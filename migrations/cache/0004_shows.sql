CREATE TABLE shows (
    show_id     TEXT    PRIMARY KEY,
    theater_id  TEXT    NOT NULL,
    movie_id    TEXT    NOT NULL,
    -- Milliseconds since 1970.
    start_time  INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    body        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shows_by_theater ON shows (theater_id, start_time, movie_id);
CREATE INDEX shows_by_movie ON shows (movie_id, start_time);
