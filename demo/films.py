"""Choose the demo's films from the CC0 film table and write them as Matinee JSON movies.

Only facts that the table holds are used. What it does not know (the order of the credits, posters, plots) is left out
rather than invented; the cast is ordered by how
well known a person is by the table's own films.
"""

import math
import os
import sqlite3
from collections import Counter

import bokeh_sampledata

# How many films of each decade: enough old ones to be interesting, most from the years people remember.
PER_DECADE = {1940: 6, 1950: 16, 1960: 28, 1970: 42, 1980: 60, 1990: 72, 2000: 78, 2010: 58}

# Fit for a public demo: the certificates a family cinema shows, and not these titles.
CERTIFICATES = {"G", "PG", "PG-13", "R"}
LEFT_OUT = {
    "Basic Instinct", "Cruel Intentions", "Eyes Wide Shut", "Kids", "Last Tango in Paris", "Natural Born Killers",
    "Secretary", "Shame", "Showgirls", "Straw Dogs", "The Last Temptation of Christ", "The Passion of the Christ",
    "The Texas Chain Saw Massacre", "Wild Things", "Y tu mamá también", "Team America: World Police",
    "The Human Centipede", "Borat", "Brüno", "The Dictator", "Jackass 3D", "Hostel", "Saw",
    "Nymphomaniac", "Irréversible", "Pretty Baby", "Manhattan", "The Interview", "Zero Dark Thirty",
}

# Directors whom the table also lists as actors of their own films, for a walk-on.
WALK_ONS = {"Alfred Hitchcock", "Steven Spielberg", "Martin Scorsese", "M. Night Shyamalan", "John Carpenter"}

# Names of languages in the table → BCP 47.
LANGUAGES = {
    "English": "en", "French": "fr", "Spanish": "es", "Japanese": "ja", "German": "de", "Italian": "it",
    "Russian": "ru", "Cantonese": "yue", "Yue Chinese": "yue", "Mandarin": "cmn", "Standard Chinese": "cmn",
    "Putonghua": "cmn", "Chinese": "zh", "Standard Taiwanese Mandarin": "cmn", "Arabic": "ar", "Swedish": "sv",
    "Korean": "ko", "Hungarian": "hu", "Hebrew": "he", "Latin": "la", "Vietnamese": "vi", "Norwegian": "no",
    "Danish": "da", "Portuguese": "pt", "Hindi": "hi", "Romanian": "ro", "Greek": "el", "Czech": "cs",
    "Serbian": "sr", "Persian": "fa", "Finnish": "fi", "Polish": "pl", "Turkish": "tr", "Catalan": "ca",
    "Indonesian": "id", "Ukrainian": "uk", "Thai": "th", "Afrikaans": "af", "Bulgarian": "bg", "Tamil": "ta",
    "Swahili": "sw", "Tibetan": "bo", "Icelandic": "is", "Dutch": "nl", "Urdu": "ur", "Irish": "ga",
}

# The language a film is told in first, by where it was made; the table lists languages alphabetically.
FIRST_LANGUAGE = [
    ({"United States", "United Kingdom", "Australia", "New Zealand", "Canada"}, "en"), ({"France"}, "fr"),
    ({"Japan"}, "ja"), ({"Germany", "West Germany"}, "de"), ({"Italy"}, "it"), ({"Spain", "Mexico"}, "es"),
    ({"Hong Kong"}, "yue"), ({"People's Republic of China", "Taiwan"}, "cmn"), ({"Sweden"}, "sv"),
    ({"Denmark"}, "da"), ({"South Korea"}, "ko"), ({"Soviet Union"}, "ru"), ({"India"}, "hi"), ({"Iran"}, "fa"),
]

QUERY = """
select o.imdbID, o.Title, o.Year, o.Rating, o.Runtime, o.Genre, o.Released, o.Director, o."Cast", o.Metacritic,
       o.Language, o.Country, o.Oscars, t.Meter, t.Reviews, t.Rating, t.BoxOffice
from omdb o join tomatoes t on o.ID = t.ID
where t.Meter is not null and t.Reviews >= 25 and o.Runtime between 60 and 240
  and o."Cast" <> '' and o.Director <> '' and o.Genre <> '' and o.imdbID <> '' and o.Title <> ''
order by o.imdbID
"""


def split(text):
    """A table cell of names separated by commas; "Lon Chaney, Jr." is one name."""
    names = []
    for part in (part.strip() for part in (text or "").split(",")):
        if names and part in {"Jr.", "Sr.", "II", "III"}:
            names[-1] += f" {part}"
        elif part:
            names.append(part)
    return names


def cast_of(row):
    """Who plays in a film, without directors who only walk through the picture."""
    walk_ons = WALK_ONS & set(split(row[7]))
    return [name for name in split(row[8]) if name not in walk_ons]


def standing_of(rows):
    """How well known each actor is: a share of every film's fame, so that leads of small casts outrank extras."""
    standing = Counter()
    for row in rows:
        for name in cast_of(row):
            standing[name] += fame(row) / (3 + len(cast_of(row)))
    return standing


def fame(row):
    """A number for how well known a film is: reviews count most, then box office, awards and the critics."""
    _, _, _, _, _, _, _, _, _, _, _, _, oscars, meter, reviews, _, box_office = row
    money = math.log10(1 + (box_office or 0) / 1e6)
    return math.log(reviews) + 0.45 * money + 0.12 * min(oscars or 0, 7) + meter / 100


def languages(row):
    """BCP 47 codes, the film's own language first."""
    codes = list(dict.fromkeys(LANGUAGES[name] for name in split(row[10]) if name in LANGUAGES))
    if "cmn" in codes and "zh" in codes:
        codes.remove("zh")
    countries = set(split(row[11]))
    for places, code in FIRST_LANGUAGE:
        if places & countries and code in codes:
            codes.remove(code)
            return [code, *codes]
    return codes


def ratings(row):
    """The critics' scores that the table holds for a film."""
    found = [("Rotten Tomatoes", row[13], 100), ("Rotten Tomatoes average", row[15], 10), ("Metacritic", row[9], 100)]
    return [{"source": source, "value": value, "out_of": top} for source, value, top in found if value is not None]


def movie(row, standing):
    """One film as a Matinee JSON movie."""
    imdb, title, year, certificate, runtime, genre, released, director = row[:8]
    cast = sorted(cast_of(row), key=lambda name: (-standing[name], name))
    value = {
        "external_id": f"imdb:{imdb}",
        "name": title,
        "cast": cast[:8],
        "director": director,
        "genres": split(genre)[:5],
        "duration_minutes": round(runtime),
        "release_year": year,
    }
    # The table writes 1 January when it knows only the year.
    if released and released.startswith(str(year)) and not released.endswith("-01-01"):
        value["release_date"] = released
    value["ratings"] = ratings(row)
    value["certificate"] = certificate
    value["languages"] = languages(row)
    return value


def choose():
    """The films, by year and title, and the weight each has in the programme (1–10)."""
    path = os.path.join(os.path.dirname(bokeh_sampledata.__file__), "_data", "movies.db")
    with sqlite3.connect(path) as db:
        rows = db.execute(QUERY).fetchall()
    standing = standing_of(rows)
    fit = [row for row in rows if row[3] in CERTIFICATES and row[1] not in LEFT_OUT and languages(row)]
    chosen = []
    for decade, count in PER_DECADE.items():
        films = [row for row in fit if decade <= row[2] < decade + 10]
        chosen += sorted(films, key=lambda row: (-fame(row), row[0]))[:count]
    chosen.sort(key=lambda row: (row[2], row[1], row[0]))
    low, high = min(map(fame, chosen)), max(map(fame, chosen))
    weights = {f"imdb:{row[0]}": 1 + round(9 * (fame(row) - low) / (high - low)) for row in chosen}
    return [movie(row, standing) for row in chosen], weights
