"""Holds a calendar against RFC 5545: Python's icalendar reads it, and the lines are counted here.

Reads it from its input; says what is wrong, one line each, and ends with 1.
"""

import sys
from datetime import timedelta

from icalendar import Calendar

WRONG = []
data = sys.stdin.buffer.read()


def check(fits, what):
    if not fits:
        WRONG.append(what)


# 3.1: lines end with CRLF, are at most 75 octets, and are cut between characters.
check(data.endswith(b"\r\n"), "the last line does not end")
lines = data.split(b"\r\n")
for line in lines:
    check(b"\r" not in line and b"\n" not in line, f"a line end by itself in {line!r}")
    check(len(line) <= 75, f"{len(line)} octets in {line!r}")
    try:
        line.decode()
    except UnicodeDecodeError:
        WRONG.append(f"a character is cut in {line!r}")

parsed = Calendar.from_ical(data)
check(parsed.name == "VCALENDAR" and parsed.get("VERSION") == "2.0", "no VCALENDAR of version 2.0")
check(bool(parsed.get("PRODID")), "nobody says who wrote it")
uids = []
for part in parsed.walk():
    for name, error in part.errors:
        WRONG.append(f"{part.name} {name}: {error}")
    for name in part.required:
        check(name in part, f"{part.name} lacks {name}")
    for name in part.singletons:
        check(not isinstance(part.get(name), list), f"{part.name} has {name} more than once")
for event in parsed.walk("VEVENT"):
    uid = str(event.get("UID"))
    uids.append(uid)
    at = {}
    for name in ("DTSTAMP", "DTSTART", "DTEND"):
        try:
            at[name] = event.decoded(name)
            fits = at[name].utcoffset() == timedelta(0)
        except (KeyError, ValueError, AttributeError):
            fits = False
        check(fits, f"{uid}: {name} is not UTC")
    if not WRONG:
        check(at["DTSTART"] < at["DTEND"], f"{uid} ends before it begins")
    check(str(event.get("SUMMARY", "")).strip() != "", f"{uid} has no name")
check(len(set(uids)) == len(uids), "a UID comes twice")


def bare(octets):
    return sorted(octets.replace(b"\r\n ", b"").split(b"\r\n"))


# What it understood, written again, is what stood there: nothing was passed over or read as something else.
again = parsed.to_ical()
for line in set(bare(data)) ^ set(bare(again)):
    WRONG.append(f"read or written otherwise: {line!r}")

print(f"{len(uids)} events")
for what in WRONG:
    print(what, file=sys.stderr)
sys.exit(1 if WRONG else 0)
