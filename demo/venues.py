"""The demo's theaters: four real cinemas of Helsinki by name and place, and invented ones in real cities.

Names and positions of the Helsinki cinemas come from OpenStreetMap (© OpenStreetMap contributors, ODbL) and are read from
the extract, not typed in here. Everything else about every theater (screens, prices, fees, rules, programme) is made
up for the demo and says nothing about any real house.
"""

import osmium

ALL = {"basis_points": 0}


def percent(value):
    """A price change of so many percent."""
    return {"basis_points": round(value * 100)}


def amount(minor):
    """A price change of so many minor units."""
    return {"amount": minor}


def fixed(minor):
    """A price of so many minor units, whatever the list says."""
    return {"fixed": minor}


def tier(minutes, share):
    """Until so many minutes before the start, so many percent come back."""
    return {"minutes_before": minutes, "refund_basis_points": share * 100}


def ticket_types(child, senior, student, words=("Adult", "Child", "Senior", "Student"), proof=("Senior card or ID", "Student card")):
    """The four usual ticket types."""
    labels = [("standard", ALL, None), ("child", child, None), ("senior", senior, proof[0]), ("student", student, proof[1])]
    found = []
    for word, (code, change, shown) in zip(words, labels, strict=True):
        entry = {"code": code, "label": word, "change": change}
        if shown:
            entry["proof"] = shown
        found.append(entry)
    return found


def rule(label, change, weekdays=(), until=None, since=None, categories=()):
    """A price rule by the show's local day and time."""
    value = {"label": label}
    if weekdays:
        value["weekdays"] = list(weekdays)
    if since:
        value["from"] = since
    if until:
        value["until"] = until
    if categories:
        value["categories"] = list(categories)
    value["change"] = change
    return value


def price_lists(standard, step, rules, extra):
    """The two lists of a theater: its regular one, and one for 3D and large-format shows, dearer by `extra`."""
    def prices(more):
        shares = {"standard": 0, "premium": 2, "recliner": 4, "sofa": 3, "restricted": -2}
        return [{"category": code, "amount_minor": standard + more + share * step} for code, share in shares.items()]
    return [
        {"external_id": "regular", "name": "Regular", "prices": prices(0), "rules": rules},
        {"external_id": "plus", "name": "3D and large format", "prices": prices(extra), "rules": rules},
    ]


def screens(cleaning, *pairs):
    """Screens as (name, seat map) pairs."""
    return [
        {"external_id": f"screen-{index}", "name": name, "seat_map": hall, "cleaning_minutes": cleaning}
        for index, (name, hall) in enumerate(pairs, 1)
    ]


def theater(external_id, name, location, zone, currency, tax, fee, policy, tickets, lists, rooms, **other):
    """One theater; `other` may set max_seats_per_booking, gap_rule, hold_minutes."""
    value = {
        "external_id": external_id, "name": name, "location": location, "time_zone": zone, "currency": currency,
        "tax": {"label": tax[0], "basis_points": tax[1]}, "fees": {"per_seat_minor": fee},
        "max_seats_per_booking": other.get("max_seats_per_booking", 10), "gap_rule": other.get("gap_rule", "advise"),
    }
    if "hold_minutes" in other:
        value["hold_minutes"] = other["hold_minutes"]
    value.update(cancellation_policy=policy, ticket_types=tickets, price_lists=lists, screens=rooms)
    return value


def place(address, city, country, latitude, longitude):
    """Where a theater stands."""
    return {"address": address, "city": city, "country": country, "latitude": latitude, "longitude": longitude}


USUAL = [tier(120, 100), tier(30, 50)]
MATINEE = rule("Matinee", percent(-20), weekdays=(1, 2, 3, 4, 5), until="17:00")
WEEKEND = rule("Weekend", percent(10), weekdays=(6, 7), since="17:00")


class Cinemas(osmium.SimpleHandler):
    """Collects the cinemas of an OSM extract by name."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def node(self, node):
        if node.tags.get("amenity") == "cinema" and "name" in node.tags:
            street = f"{node.tags.get('addr:street', '')} {node.tags.get('addr:housenumber', '')}".strip()
            at = (round(node.location.lat, 6), round(node.location.lon, 6))
            self.found[node.tags["name"]] = (node.id, street, at)


def helsinki(extract):
    """The located cinemas of the extract, with demo screens and prices."""
    reader = Cinemas()
    reader.apply_file(extract)
    words = ("Aikuinen", "Lapsi", "Eläkeläinen", "Opiskelija")
    tickets = ticket_types(percent(-25), amount(-250), amount(-300), words, ("Eläkeläiskortti", "Opiskelijakortti"))
    vat = ("ALV 14 %", 1400)
    halls = {
        "Kinopalatsi": (screens(15, ("Sali 1", "grand"), ("Sali 2", "large"), ("Sali 3", "hall"), ("Sali 4", "salle"), ("Sali 5", "small"), ("Sali 6", "lounge")), {}),
        "Bio Rex": (screens(20, ("Bio Rex", "palace")), {"gap_rule": "enforce"}),
        "Kesäkino Engel": (screens(20, ("Piha", "courtyard")), {"gap_rule": "off"}),
        "Kino Engel": (screens(15, ("Engel 1", "salle"), ("Engel 2", "studio")), {}),
    }
    theaters = []
    for name, (rooms, other) in halls.items():
        node, street, (latitude, longitude) = reader.found[name]
        lists = price_lists(1450, 150, [MATINEE, WEEKEND], 250)
        location = place(street or "Helsinki", "Helsinki", "FI", latitude, longitude)
        theaters.append(theater(f"osm:node/{node}", name, location, "Europe/Helsinki", "EUR", vat, 50, USUAL, tickets, lists, rooms, **other))
    return theaters


def invented():
    """Theaters that do not exist, in cities that do."""
    return [
        theater("demo:lantern-london", "The Lantern Picture House", place("14 Marlowe Yard", "London", "GB", 51.5136, -0.1065),
                "Europe/London", "GBP", ("VAT 20 %", 2000), 75, [tier(180, 100), tier(60, 50)],
                ticket_types(percent(-30), percent(-15), percent(-20)),
                price_lists(1299, 200, [rule("Monday saver", fixed(799), weekdays=(1,), categories=("standard",)), MATINEE, WEEKEND], 300),
                screens(15, ("Screen 1", "large"), ("Screen 2", "hall"), ("Screen 3", "small"), ("Studio", "studio"))),
        theater("demo:reverbere-paris", "Cinéma Le Réverbère", place("27 rue des Allumeurs", "Paris", "FR", 48.8539, 2.3447),
                "Europe/Paris", "EUR", ("TVA 5,5 %", 550), 0, USUAL,
                ticket_types(fixed(500), percent(-15), percent(-20), ("Plein tarif", "Moins de 14 ans", "Senior", "Étudiant"), ("Carte senior", "Carte étudiante")),
                price_lists(1150, 100, [rule("Séance du matin", amount(-350), until="12:00")], 200),
                screens(15, ("Salle 1", "hall"), ("Salle bleue", "salle"), ("Salle 3", "small"))),
        theater("demo:spreebogen-berlin", "Lichtspielhaus Spreebogen", place("Uferzeile 9", "Berlin", "DE", 52.5219, 13.3702),
                "Europe/Berlin", "EUR", ("MwSt. 7 %", 700), 100, [tier(60, 100)],
                ticket_types(amount(-300), amount(-150), amount(-200), ("Erwachsene", "Kind", "Senioren", "Studierende"), ("Rentenausweis", "Studierendenausweis")),
                price_lists(1190, 150, [rule("Kinotag", amount(-300), weekdays=(2,)), WEEKEND], 300),
                screens(15, ("Saal 1", "grand"), ("Saal 2", "large"), ("Saal 3", "hall"), ("Lounge", "lounge"))),
        theater("demo:pinete-roma", "Arena delle Pinete", place("Viale dei Grilli 3", "Rome", "IT", 41.9142, 12.4923),
                "Europe/Rome", "EUR", ("IVA 10 %", 1000), 100, [tier(1440, 100), tier(240, 50)],
                ticket_types(percent(-50), percent(-20), percent(-20), ("Intero", "Bambino", "Senior", "Studente"), ("Documento", "Tessera studente")),
                price_lists(1000, 200, [WEEKEND], 0), screens(30, ("Arena", "arena")), max_seats_per_booking=20),
        theater("demo:seefeld-zurich", "Kino Seelicht", place("Quaistrasse 51", "Zürich", "CH", 47.3579, 8.5539),
                "Europe/Zurich", "CHF", ("MWST 2.6 %", 260), 0, [tier(60, 100)],
                ticket_types(fixed(1300), amount(-300), amount(-400), ("Erwachsene", "Kind", "AHV", "Studierende"), ("AHV-Ausweis", "Legi")),
                price_lists(2000, 300, [rule("Kino-Montag", fixed(1500), weekdays=(1,), categories=("standard", "premium"))], 400),
                screens(15, ("Saal 1", "hall"), ("Saal 2", "lounge"))),
        theater("demo:fulton-newyork", "Fulton Street Electric", place("388 Fulton Street", "New York", "US", 40.6907, -73.9868),
                "America/New_York", "USD", ("Sales tax 8.875 %", 888), 150, [tier(120, 100), tier(20, 50)],
                ticket_types(percent(-25), percent(-15), percent(-15)),
                price_lists(1750, 250, [rule("Discount Tuesday", percent(-40), weekdays=(2,)), MATINEE, WEEKEND], 450),
                screens(15, ("Auditorium 1", "grand"), ("Auditorium 2", "large"), ("Auditorium 3", "hall"), ("Auditorium 4", "salle"), ("Auditorium 5", "small"))),
        theater("demo:alder-portland", "Alder Street Pictures", place("1204 SW Alder Street", "Portland", "US", 45.5216, -122.6836),
                "America/Los_Angeles", "USD", ("No sales tax", 0), 0, USUAL, ticket_types(fixed(900), percent(-20), percent(-20)),
                price_lists(1350, 200, [MATINEE], 300), screens(20, ("Main", "large"), ("Upstairs", "studio"))),
        theater("demo:harbourlight-toronto", "Harbourlight Cinema", place("61 Ropewalk Lane", "Toronto", "CA", 43.6437, -79.3662),
                "America/Toronto", "CAD", ("HST 13 %", 1300), 100, USUAL, ticket_types(percent(-30), percent(-25), percent(-15)),
                price_lists(1699, 250, [MATINEE, WEEKEND], 350), screens(15, ("Cinema 1", "large"), ("Cinema 2", "salle"), ("Cinema 3", "lounge"))),
        theater("demo:kaedeza-tokyo", "Kaede-za", place("3-8-2 Kanda Momiji-chō", "Tokyo", "JP", 35.6952, 139.7638),
                "Asia/Tokyo", "JPY", ("消費税 10 %", 1000), 0, [tier(1440, 100)],
                ticket_types(fixed(1000), fixed(1300), fixed(1500), ("一般", "小人", "シニア", "学生"), ("年齢確認書類", "学生証")),
                price_lists(2000, 300, [rule("ファーストデイ", fixed(1300), weekdays=(3,), categories=("standard",)), rule("レイトショー", fixed(1500), since="20:00", categories=("standard",))], 400),
                screens(20, ("シアター1", "large"), ("シアター2", "hall"), ("シアター3", "small"))),
        theater("demo:almarsa-kuwait", "Al Marsa Cinema", place("Gulf Road 118", "Kuwait City", "KW", 29.3791, 47.9902),
                "Asia/Kuwait", "KWD", ("No VAT", 0), 100, USUAL, ticket_types(percent(-20), percent(-20), percent(-10)),
                price_lists(3500, 750, [rule("Early show", amount(-500), until="15:00"), rule("Weekend", amount(500), weekdays=(4, 5), since="18:00")], 1000),
                screens(20, ("Hall 1", "large"), ("Hall 2", "hall"), ("Gold", "studio"))),
        theater("demo:gulmohar-mumbai", "Gulmohar Talkies", place("5 Chameli Marg, Bandra West", "Mumbai", "IN", 19.0587, 72.8312),
                "Asia/Kolkata", "INR", ("GST 18 %", 1800), 3000, [tier(240, 75)],
                ticket_types(percent(-20), percent(-20), percent(-20)),
                price_lists(32000, 6000, [rule("Morning show", percent(-35), until="12:00"), WEEKEND], 10000),
                screens(20, ("Audi 1", "grand"), ("Audi 2", "hall"), ("Audi 3", "salle"))),
        theater("demo:wattle-sydney", "Wattle Street Picture Palace", place("212 Wattle Street", "Sydney", "AU", -33.8807, 151.1986),
                "Australia/Sydney", "AUD", ("GST 10 %", 1000), 150, USUAL, ticket_types(percent(-25), percent(-35), percent(-15)),
                price_lists(2450, 350, [rule("Cheap Tuesday", fixed(1500), weekdays=(2,), categories=("standard", "restricted")), WEEKEND], 450),
                screens(15, ("Cinema 1", "grand"), ("Cinema 2", "hall"), ("Cinema 3", "lounge"), ("Cinema 4", "small"))),
        theater("demo:jacaranda-saopaulo", "Cine Jacarandá", place("Rua das Sibipirunas 740", "São Paulo", "BR", -23.5605, -46.6571),
                "America/Sao_Paulo", "BRL", ("ISS 5 %", 500), 200, [tier(120, 100)],
                ticket_types(percent(-50), percent(-50), percent(-50), ("Inteira", "Criança (meia)", "Idoso (meia)", "Estudante (meia)"), ("Documento", "Carteira de estudante")),
                price_lists(4200, 600, [rule("Matinê", percent(-20), weekdays=(1, 2, 3, 4), until="17:00"), WEEKEND], 800),
                screens(15, ("Sala 1", "large"), ("Sala 2", "salle"), ("Sala 3", "small"))),
    ]
