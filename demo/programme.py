"""The demo's programme: which films each theater plays, when it opens, in which languages and formats.

Shows are not written here. The server makes them at start from this file, for a rolling fortnight, so that a demo begun
on any day is alive; docs/import-format.md describes the members.
"""


def house(theater, language, subtitles, opens, last_start, movies, dub_share=0, genres=None, weekend_opens=None):
    """How one theater plays: `dub_share` percent of its foreign films run in the theater's own language."""
    value = {"theater": theater, "opens": opens, "last_start": last_start, "movies_per_week": movies, "language": language, "subtitles": subtitles}
    if weekend_opens:
        value["weekend_opens"] = weekend_opens
    if dub_share:
        value["dub_share"] = dub_share
    if genres:
        value["genre_weights"] = genres
    return value


def programme(theaters, weights):
    """The programme file's value."""
    helsinki = {theater["name"]: theater["external_id"] for theater in theaters}
    art = {"Drama": 3, "Mystery": 2, "Comedy": 2, "Romance": 2}
    crowd = {"Action": 2, "Adventure": 2, "Sci-Fi": 2, "Family": 2, "Fantasy": 2}
    houses = [
        house(helsinki["Kinopalatsi"], "fi", ["fi", "sv"], "12:00", "21:30", 14, genres=crowd, weekend_opens="10:30"),
        house(helsinki["Bio Rex"], "fi", ["fi", "sv"], "14:00", "21:00", 5, genres={"Musical": 2, "Adventure": 2}),
        house(helsinki["Kesäkino Engel"], "fi", ["fi", "sv"], "20:30", "21:30", 5, genres={"Comedy": 2, "Romance": 2, "Musical": 2}),
        house(helsinki["Kino Engel"], "fi", ["fi", "sv"], "13:30", "20:45", 7, genres=art),
        house("demo:lantern-london", "en", ["en"], "11:00", "21:30", 12, weekend_opens="10:00"),
        house("demo:reverbere-paris", "fr", ["fr"], "10:30", "22:00", 9, dub_share=35, genres=art),
        house("demo:spreebogen-berlin", "de", ["de"], "13:00", "22:15", 12, dub_share=65, genres=crowd, weekend_opens="11:00"),
        house("demo:pinete-roma", "it", ["it"], "20:45", "21:15", 5, dub_share=80, genres={"Comedy": 2, "Adventure": 2, "Romance": 2}),
        house("demo:seefeld-zurich", "de", ["de", "fr"], "14:00", "20:45", 7, dub_share=20, genres=art),
        house("demo:fulton-newyork", "en", ["en"], "10:30", "22:30", 14, genres=crowd),
        house("demo:alder-portland", "en", ["en"], "12:30", "21:30", 7),
        house("demo:harbourlight-toronto", "en", ["en"], "11:30", "21:45", 9),
        house("demo:kaedeza-tokyo", "ja", ["ja"], "09:30", "21:00", 9, dub_share=20),
        house("demo:almarsa-kuwait", "ar", ["ar"], "13:00", "23:30", 8, genres=crowd),
        house("demo:gulmohar-mumbai", "hi", ["en"], "09:15", "22:00", 9, dub_share=25, genres=crowd),
        house("demo:wattle-sydney", "en", ["en"], "10:15", "21:15", 12, weekend_opens="09:30"),
        house("demo:jacaranda-saopaulo", "pt", ["pt"], "13:00", "21:30", 9, dub_share=50),
    ]
    known = {theater["external_id"] for theater in theaters}
    played = [entry["theater"] for entry in houses]
    if set(played) != known or len(played) != len(known):
        raise SystemExit(f"the programme and the theaters differ: {sorted(known ^ set(played))}")
    return {
        "format": "matinee-programme/1",
        "round_to_minutes": 5,
        # A theater's own language is always spoken in films that children come to.
        "dubbed_genres": ["Animation", "Family"],
        "evening": {"certificates": ["R"], "from": "17:00"},
        "formats": [
            {"format": "3D", "share": 30, "genres": ["Action", "Adventure", "Sci-Fi", "Animation"], "since_year": 2009, "price_list": "plus"},
            {"format": "Large format", "share": 60, "genres": ["Action", "Adventure", "Sci-Fi", "War"], "min_seats": 300, "price_list": "plus"},
            {"format": "35 mm", "share": 25, "until_year": 1979},
        ],
        "standard": {"format": "2D", "price_list": "regular"},
        "theaters": houses,
        "weights": weights,
    }
