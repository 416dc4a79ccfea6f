"""Draw the demo's auditoriums as published seating plans (the interchange format that pretix reads and writes).

Units are pixels of the plan: an ordinary seat has radius 10, its neighbour stands 24 away, the row behind 30. The screen
is at the top, y grows away from it. Rows are arcs round a point before the screen, so that everybody faces the picture.
A row is written as text, one letter a seat:

    s standard   p premium   r recliner   f sofa (two a pair)   w wheelchair place   c companion seat
    a reached without steps   v restricted view   d deck chair
    blank = an aisle   . = an empty place of a seat's width   - = the gap between two sofas
"""

import math
from dataclasses import dataclass, field

# letter → (plan category, width, radius)
KINDS = {
    "s": ("Standard", 24, 10), "p": ("Premium", 24, 10), "r": ("Recliner", 34, 14), "f": ("Sofa", 30, 13),
    "w": ("Wheelchair", 30, 12), "c": ("Companion", 24, 10), "a": ("Step-free", 24, 10),
    "v": ("Restricted view", 24, 10), "d": ("Deck chair", 30, 12),
}
COLORS = {
    "Standard": "#5aa9e6", "Premium": "#f5c451", "Recliner": "#b48ef0", "Sofa": "#e58fb1", "Wheelchair": "#4cc38a",
    "Companion": "#8fd6b4", "Step-free": "#7fc4d8", "Restricted view": "#a7adb9", "Deck chair": "#e0b080",
}
# plan category → what Matinee sells it as
SOLD_AS = {
    "Standard": {"category": "standard", "kind": "standard"},
    "Premium": {"category": "premium", "kind": "premium"},
    "Recliner": {"category": "recliner", "kind": "recliner"},
    "Sofa": {"category": "sofa", "kind": "sofa"},
    "Wheelchair": {"category": "standard", "kind": "wheelchair"},
    "Companion": {"category": "standard", "kind": "companion"},
    "Step-free": {"category": "standard", "kind": "accessible"},
    "Restricted view": {"category": "restricted", "kind": "standard", "restricted_view": True},
    "Deck chair": {"category": "standard", "kind": "standard"},
}
LABELS = {"standard": "Standard", "premium": "Premium", "recliner": "Recliner", "sofa": "Sofa", "restricted": "Restricted view"}
AISLE = 34
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which read as digits


@dataclass
class Block:
    """A zone of a hall: rows of one shape, `top` being the distance of its first row from the screen."""

    name: str
    prefix: str
    rows: list
    top: float
    pitch: float = 30
    focus: float = 1400  # radius of the first row's arc; a larger one is a flatter row
    labels: list = field(default_factory=lambda: list(LETTERS))
    turn: float = 0  # degrees by which the block is swung round the focus, for arenas
    notes: list = field(default_factory=list)


def number(value):
    """A coordinate to a tenth, without a needless decimal."""
    value = round(value, 1)
    return int(value) if value == int(value) else value


def row_seats(block, text, label, radius):
    """The seats of one row on its arc, as (x, y) round the focus, left to right."""
    places, along = [], 0.0
    for letter in text:
        if letter == " ":
            along += AISLE
        elif letter == ".":
            along += 24
        elif letter == "-":
            along += 20
        else:
            _, width, _ = KINDS[letter]
            places.append((letter, along + width / 2))
            along += width
    seats = []
    for index, (letter, offset) in enumerate(places, 1):
        angle = (offset - along / 2) / radius - math.radians(block.turn)
        category, _, size = KINDS[letter]
        seat = {
            "seat_guid": f"{block.prefix}{label}-{index}",
            "seat_number": str(index),
            "position": {"x": radius * math.sin(angle), "y": radius * math.cos(angle)},
            "category": category,
        }
        if size != 10:
            seat["radius"] = size
        seats.append(seat)
    return seats


def lay_out(name, blocks, margin=40):
    """A whole plan from its blocks: absolute seats first, then moved so that everything fits, rows placed by their first
    seat and seats relative to it, zones at their own corner, as editors write it."""
    zones = []
    for block in blocks:
        rows = []
        for index, text in enumerate(block.rows):
            label = block.labels[index]
            radius = block.focus + index * block.pitch
            seats = row_seats(block, text, label, radius)
            for seat in seats:
                seat["position"]["y"] += block.top - block.focus
            rows.append({"row_number": label, "row_number_position": "both", "seats": seats})
        zones.append((block, rows))
    everything = [seat for _, rows in zones for row in rows for seat in row["seats"]]
    left = min(s["position"]["x"] - s.get("radius", 10) for s in everything) - margin
    right = max(s["position"]["x"] + s.get("radius", 10) for s in everything) + margin
    top = min(min(s["position"]["y"] - s.get("radius", 10) for s in everything) - margin, 0)
    bottom = max(s["position"]["y"] + s.get("radius", 10) for s in everything) + margin
    used = {seat["category"] for seat in everything}
    return {
        "name": name,
        "size": {"width": math.ceil(right - left), "height": math.ceil(bottom - top)},
        "categories": [{"name": c, "color": COLORS[c]} for c in COLORS if c in used],
        "zones": [zone(block, rows, left, top) for block, rows in zones],
    }


def zone(block, rows, left, top):
    """One zone with positions relative to zone and row."""
    corner_x = number(min(s["position"]["x"] for r in rows for s in r["seats"]) - left)
    corner_y = number(min(s["position"]["y"] for r in rows for s in r["seats"]) - top)
    for row in rows:
        first = row["seats"][0]["position"]
        at = {"x": number(first["x"] - left - corner_x), "y": number(first["y"] - top - corner_y)}
        for seat in row["seats"]:
            seat["position"] = {
                "x": number(seat["position"]["x"] - left - corner_x - at["x"]),
                "y": number(seat["position"]["y"] - top - corner_y - at["y"]),
            }
        row["position"] = at
    areas = [note(*args, left + corner_x, top + corner_y) for args in block.notes]
    return {"name": block.name, "position": {"x": corner_x, "y": corner_y}, "rows": rows, "areas": areas}


def note(kind, x, y, width, height, words, shift_x, shift_y):
    """Something drawn but not sold: a wall, a stage, words. Its x, y are the middle, from the hall's centre line and screen."""
    area = {"shape": kind, "position": {"x": number(x - shift_x), "y": number(y - shift_y)}, "color": "#2d313b", "border_color": "#6b7180", "rotation": 0}
    text = {"text": words, "color": "#a7adb9", "size": 16, "position": {"x": 0, "y": 0}}
    if kind == "rectangle":
        area["position"] = {"x": number(x - shift_x - width / 2), "y": number(y - shift_y - height / 2)}
        area["rectangle"] = {"width": width, "height": height}
        text["position"] = {"x": width / 2, "y": height / 2}
    elif kind == "ellipse":
        area["ellipse"] = {"radius": {"x": width / 2, "y": height / 2}}
    elif kind == "polygon":
        half, slope = width / 2, width / 2 - height
        corners = [(-half, -height / 2), (half, -height / 2), (slope, height / 2), (-slope, height / 2)]
        area["polygon"] = {"points": [{"x": number(px), "y": number(py)} for px, py in corners]}
    if words:
        area["text"] = text
    return area


def studio():
    """Sofas for two in front, recliners behind."""
    rows = ["ff-ff-ff-ff", "rrr rrrr rrr", "rrr rrrr rrr", "rrr rrrr rrr", "wc rrrrrr cw"]
    return lay_out("Studio", [Block("", "", rows, top=110, pitch=46, focus=900)])


def lounge():
    """Recliners on a gentle curve, sofas along the back wall."""
    rows = ["rr rrrrrr rr", *["rrr rrrrrr rrr"] * 2, "wc rrrrrr cw", *["rrr rrrrrr rrr"] * 2, "ff-ff-ff-ff-ff-ff-ff"]
    return lay_out("Lounge", [Block("", "", rows, top=110, pitch=48, focus=1000)])


def small():
    """A small hall with its aisle on the left."""
    rows = [*["ss ssssssss"] * 3, *["ss pppppppp"] * 3, *["ss ssssssss"] * 3, "aa cw.wc"]
    return lay_out("Small hall", [Block("", "", rows, top=90, focus=1100)])


def salle():
    """A steep hall with two side aisles and a pillar that hides a corner."""
    rows = ["cw ssssss wc", "sss ssssss sss", *["sss sssssss sss"] * 3, *["sss ppppppp sss"] * 3, *["sss sssssss ssv"] * 3, "sss sssssss vvv"]
    return lay_out("Salle bleue", [Block("", "", rows, top=100, focus=1000)])


def hall():
    """Three blocks, the ones at the side widening towards the back."""
    rows = ["aaa cwa.awc aaa", "ssss ssssssss ssss", *["ssss sssssssss ssss"] * 4, *["ssss ppppppppp ssss"] * 3, *["sssss ssssssssss sssss"] * 4]
    return lay_out("Hall", [Block("", "", rows, top=110, focus=1300)])


def large():
    """Three blocks cut by a cross-aisle, premium rows behind it."""
    front = ["sss ssssssssss sss", *["ssss sssssssssss ssss"] * 3, *["sssss ssssssssssss sssss"] * 2, "aaaaa cw.wc..cw.wc aaaaa"]
    back = [*["sssss pppppppppppp sssss"] * 3, *["ssssss ssssssssssss ssssss"] * 5]
    return lay_out("Large hall", [
        Block("Front", "F", front, top=120, focus=1500),
        Block("Rear", "R", back, top=366, focus=1746, labels=LETTERS[7:]),
    ])


def grand():
    """Stalls with a cross-aisle, and a balcony whose corners see past the rail only in part."""
    stalls = ["ssssss ssssssssss ssssss", *["sssssss ssssssssssss sssssss"] * 4, "aaaaa cw.wc..cw.wc aaaaa", *["sssssss pppppppppppp sssssss"] * 4, *["sssssss ssssssssssss sssssss"] * 2]
    balcony = ["vvvvv pppppppppppppp vvvvv", *["sssss ssssssssssssss sssss"] * 4]
    return lay_out("Grand hall", [
        Block("Stalls", "S", stalls, top=130, focus=1500),
        Block("Balcony", "B", balcony, top=580, focus=1950, labels=LETTERS[12:], notes=[("rectangle", 0, 530, 720, 22, "Balcony")]),
    ])


def palace():
    """A modernist picture palace of 550 seats: stalls in three blocks and a deep balcony."""
    stalls = ["ssss ssssssssssss ssss", *["ssssss ssssssssssssss ssssss"] * 5, "sssss cw.wcssssssss.wc sssss", *["ssssss pppppppppppppp ssssss"] * 5, *["ssssss ssssssssssssss ssssss"] * 3]
    balcony = ["vvvvvv pppppppppppppppp vvvvvv", *["ssssss ssssssssssssssss ssssss"] * 5]
    return lay_out("Picture palace", [
        Block("Stalls", "S", stalls, top=140, focus=1700),
        Block("Balcony", "B", balcony, top=690, focus=2250, labels=[*LETTERS[15:], "AA"], notes=[("rectangle", 0, 634, 820, 22, "Balcony")]),
    ])


def courtyard():
    """Deck chairs in a courtyard under the sky."""
    rows = ["cw ddddddd wc", *["ddddd ddddddd ddddd"] * 10]
    return lay_out("Courtyard", [Block("", "", rows, top=120, pitch=38, focus=2400)])


def arena():
    """Exactly 2,000 places under the sky: a flat parterre and five raised sectors round it."""
    parterre = [f"{'p' * 11} {'p' * 20} {'p' * 11}", *[f"{'p' * 13} {'p' * 22} {'p' * 13}"] * 4, *[f"{'s' * 13} {'s' * 22} {'s' * 13}"] * 8, f"{'a' * 10} cw.wc.cw.wc.cw.wc {'a' * 10}"]
    blocks = [Block("Parterre", "P", parterre, top=190, focus=2600)]
    pitch, start = 30, 900
    names = ["Sector A", "Sector B", "Sector C", "Sector D", "Sector E"]
    rows_of = {name: [] for name in names}
    for name in names:
        for row in range(13):
            seats = int(((start + row * pitch) * math.radians(30) - 50) / 24)
            rows_of[name].append("s" * seats)
    # The last rows of the outer sectors see the stage from the side.
    for name in ("Sector A", "Sector E"):
        rows_of[name] = [row.replace("s", "v") if i >= 10 else row for i, row in enumerate(rows_of[name])]
    rows_of["Sector C"][:3] = [row.replace("s", "p") for row in rows_of["Sector C"][:3]]
    spare = 2000 - sum(sum(ch in KINDS for ch in row) for block in blocks for row in block.rows)
    extra = sum(len(row) for rows in rows_of.values() for row in rows) - spare
    # The projection booth stands in the middle sector's last rows and takes what is over.
    for index in (12, 11):
        row = rows_of["Sector C"][index]
        cut = max(0, min(extra if index == 11 else (extra + 1) // 2, len(row) - 8))
        side = (len(row) - cut) // 2
        rows_of["Sector C"][index] = "s" * side + "." * cut + "s" * (len(row) - cut - side)
        extra -= cut
    if extra:
        raise SystemExit(f"the arena has {2000 + extra} places, not 2000")
    for index, name in enumerate(names):
        labels = [str(row + 1) for row in range(13)]
        blocks.append(Block(name, name[-1], rows_of[name], top=start + 60, pitch=pitch, focus=start, labels=labels, turn=(2 - index) * 31))
    blocks[0].notes = [("polygon", 0, 100, 900, 70, "Stage"), ("rectangle", 0, start + 60 + 11.5 * pitch, 150, 40, "Projection")]
    return lay_out("Arena", blocks)


HALLS = {
    "studio": studio, "lounge": lounge, "small": small, "salle": salle, "hall": hall, "large": large, "grand": grand,
    "palace": palace, "courtyard": courtyard, "arena": arena,
}


def seat_map(external_id, plan):
    """A plan with the words that say what its categories are sold as."""
    categories = {}
    for category in plan["categories"]:
        sold = dict(SOLD_AS[category["name"]])
        categories[category["name"]] = {"category": sold["category"], "label": LABELS[sold["category"]], **{k: v for k, v in sold.items() if k != "category"}}
    return {"external_id": external_id, "name": plan["name"], "plan": plan, "categories": categories}


def seat_maps():
    """Every hall as a Matinee JSON seat map."""
    return [seat_map(external_id, draw()) for external_id, draw in HALLS.items()]
