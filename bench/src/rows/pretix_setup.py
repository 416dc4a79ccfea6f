"""Makes an event with seats and a token for its REST API, as a person would in its pages. Prints the token, the
product's number and how many seats there are."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pretix.settings")
import django

django.setup()

import datetime
import json

from django.utils.timezone import now
from django_scopes import scopes_disabled
from pretix.base.models import Event, Organizer, Seat, SeatCategoryMapping, SeatingPlan, Team

SEATS = int(sys.argv[1])
ROW = 100

with scopes_disabled():
    organizer = Organizer.objects.create(name="Bench", slug="bench")
    event = Event.objects.create(
        organizer=organizer,
        name="Bench",
        slug="bench",
        currency="EUR",
        date_from=now() + datetime.timedelta(days=30),
        live=True,
        is_public=True,
        plugins="pretix.plugins.banktransfer,pretix.plugins.sendmail",
    )
    layout = {"name": "Hall", "size": {"width": 100, "height": 100}, "categories": [{"name": "Standard", "color": "#fff"}], "zones": []}
    event.seating_plan = SeatingPlan.objects.create(organizer=organizer, name="Hall", layout=json.dumps(layout))
    event.save()
    item = event.items.create(name="Ticket", default_price=11)
    quota = event.quotas.create(name="All", size=None)
    quota.items.add(item)
    SeatCategoryMapping.objects.create(event=event, layout_category="Standard", product=item)
    Seat.objects.bulk_create(
        Seat(event=event, product=item, seat_guid=str(n), row_name=str(n // ROW), seat_number=str(n % ROW), sorting_rank=n)
        for n in range(SEATS)
    )
    team = Team.objects.create(
        organizer=organizer, name="Bench", all_events=True, all_event_permissions=True, all_organizer_permissions=True
    )
    print(team.tokens.create(name="Bench").token, item.pk, SEATS)
