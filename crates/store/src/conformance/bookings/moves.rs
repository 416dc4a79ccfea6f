//! Shows that move to another screen: everybody with seats moves along, or is put aside until the money went back.

use super::{
    House, begin, booking, confirm, door, first_show,
    gift::{both_back, new_card},
    hold, later, record, refund, seat_numbers, second_show, step,
};
use crate::{
    bookings::{
        BookedSeat, BookingFile, HoldOutcome, PaymentRow, RefundRow, SHOW_MOVED, SeatsEffect, Step,
        StepOutcome, TicketState,
    },
    cancellations::CancelShow,
    catalog::{CatalogChange, CatalogObject},
    conformance::{
        Engine,
        fixtures::{apply, screen_id, seat_map, seat_map_id, show, start, theater, theater_id},
        staff::entry,
    },
    door::{KeepOutcome, UndoOutcome},
    feed::SeatState,
    idempotency::Lookup,
    moves::{MoveShow, MoveShowOutcome, MovedBooking, MovedTicket},
    refund_progress::RefundProgress,
    staff::{BlockOutcome, BlockSeats},
};
use matinee_domain::{
    booking::BookingState, catalog::Show, payment::PaymentStatus, seat_map::SeatNo,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The smaller map of the third screen.
const SMALL: u32 = 9;
const ROOM: u16 = 30;

/// The first show on the third screen, at its time.
fn elsewhere() -> Show {
    show(1, 1, 3, 3, SMALL, ROOM)
}

impl House {
    /// With a third, smaller screen.
    async fn with_small_screen(engine: &impl Engine) -> Self {
        let house = Self::open(engine).await;
        let mut theater = theater(1, 1, 40);
        let mut small = theater.screens[0].clone();
        small.screen_id = screen_id(1, 3);
        small.external_id = "screen-1-3".into();
        small.seat_map_id = seat_map_id(SMALL);
        small.seats_total = ROOM;
        theater.screens.push(small);
        let change = CatalogChange {
            seat_maps: vec![("map-9".into(), seat_map(SMALL, 3))],
            theaters: vec![theater],
            ..CatalogChange::default()
        };
        apply(&*house.store, change).await;
        house
    }

    async fn moving(&self, number: u32, show: Show, bookings: Vec<MovedBooking>) -> MoveShow {
        let object = CatalogObject::Show(show.show_id);
        MoveShow {
            expected: self.store.version_of(object).await.unwrap(),
            seats_version: self.version().await,
            show,
            bookings,
            audit: entry(number),
            idempotency: None,
            now: later(3),
        }
    }

    async fn try_to_move(&self, moving: MoveShow) -> MoveShowOutcome {
        self.store.move_show(moving).await.unwrap()
    }

    /// Every invariant holds. What the feed told is of no use: it is not told seat by seat.
    async fn is_whole(&self) {
        let report = self.store.verify(start()).await.unwrap();
        assert_eq!(report.violations, vec![]);
    }

    async fn changes_noted(&self) -> usize {
        let noted = self.store.audit_of(theater_id(1), None, 100).await;
        noted.unwrap().len()
    }
}

/// A booking's seats become these, in their order; cancelled ones and those without a new seat are put aside.
fn to(file: &BookingFile, seats: &[u16]) -> MovedBooking {
    let mut new = seats.iter();
    let mut tickets = Vec::new();
    let after = file.booking.seats.iter().map(|seat| {
        let next = (!seat.cancelled).then(|| new.next()).flatten();
        let to = next.map_or_else(|| seat.seat.aside().next().unwrap(), |next| SeatNo(*next));
        if file.tickets.iter().any(|ticket| ticket.seat == seat.seat) {
            tickets.push(MovedTicket {
                from: seat.seat,
                to,
                reissued: next.is_some(),
            });
        }
        BookedSeat {
            seat: to,
            seating: u16::from(next.is_some()),
            ..seat.clone()
        }
    });
    MovedBooking {
        booking_id: file.booking.booking_id,
        version: file.booking.version,
        seats: after.collect(),
        state: if file.tickets.is_empty() {
            SeatState::Held
        } else {
            SeatState::Sold
        },
        tickets,
        message: None,
    }
}

fn all_back(file: &BookingFile, number: u32) -> Step {
    let (paid, back) = refund(file, number, file.booking.total.amount_minor);
    Step {
        payments: vec![PaymentRow {
            status: PaymentStatus::Captured,
            ..paid
        }],
        refunds: vec![RefundRow {
            reason: SHOW_MOVED.into(),
            created_at: later(4),
            ..back
        }],
        cancel_seats: file.booking.seats.iter().map(|seat| seat.seat).collect(),
        by_theater: true,
        ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Keep)
    }
}

/// Seats, tickets and the show move in one step; who has no room is aside, and what is aside is what is left to do.
pub async fn everybody_moves_with_the_show(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    let held = house.held(1, &[1]).await;
    let held = house.file(held.booking_id).await;
    let pair = house.paid(2, &[2, 3]).await;
    let last = house.paid(3, &[35]).await;
    let part = house.paid(4, &[4, 5]).await;
    let (paid, back) = refund(&part, 4, 1500);
    let part = house
        .done(Step {
            payments: vec![paid],
            refunds: vec![back],
            cancel_seats: seat_numbers(&[5]),
            ..step(
                &part.booking,
                BookingState::PartlyCancelled,
                SeatsEffect::Keep,
            )
        })
        .await;
    let version = house.version().await;
    // Two change places with each other, and nobody sits on the cancelled one.
    let bookings = vec![
        to(&held, &[1]),
        to(&pair, &[3, 2]),
        to(&last, &[]),
        to(&part, &[6]),
    ];
    let moving = house.moving(1, elsewhere(), bookings).await;
    assert_eq!(house.try_to_move(moving).await, MoveShowOutcome::Moved);
    let seats: BTreeMap<u16, SeatState> = [
        (1, SeatState::Held),
        (2, SeatState::Sold),
        (3, SeatState::Sold),
        (6, SeatState::Sold),
        (20_035, SeatState::Sold),
    ]
    .into();
    assert_eq!(house.seats().await, seats);
    assert_eq!(house.version().await, version + 1);
    assert_eq!(house.changes_noted().await, 1);
    house.is_whole().await;

    let listed = house.store.show(first_show()).await.unwrap().unwrap();
    assert_eq!(listed.show, elsewhere());
    assert_eq!((listed.seating, listed.taken), (1, 5));
    assert_eq!(listed.moved_at, Some(later(3)));
    let before = house.store.maps_before(first_show()).await.unwrap();
    assert_eq!(before, vec![seat_map_id(1)]);
    let changes = house.store.changes(0, 1000).await.unwrap();
    assert!(changes.shows.contains(&elsewhere()));

    let now = house.file(pair.booking.booking_id).await;
    assert_eq!(now.booking.version, pair.booking.version + 1);
    let id_of = |file: &BookingFile, seat: u16| {
        let ticket = file.tickets.iter().find(|ticket| ticket.seat.0 == seat);
        ticket.map(|ticket| (ticket.ticket_id, ticket.revision))
    };
    for (from, to) in [(2, 3), (3, 2)] {
        let (ticket, revision) = id_of(&pair, from).unwrap();
        assert_eq!(id_of(&now, to), Some((ticket, revision + 1)));
    }
    let now = house.file(part.booking.booking_id).await;
    assert_eq!(id_of(&now, 20_005), id_of(&part, 5), "it is void as it was");
    assert_eq!(id_of(&now, 6).map(|(_, revision)| revision), Some(2));

    let progress = house.store.move_progress(first_show()).await.unwrap();
    let progress = progress.unwrap();
    assert_eq!((progress.moved.bookings, progress.left), (1, 1));
    assert_eq!(progress.moved.screen_before, screen_id(1, 1));
    assert_eq!(house.store.open_moves(9).await.unwrap(), vec![first_show()]);
    let aside = house.store.bookings_aside(first_show(), None, 9).await;
    assert_eq!(aside.unwrap(), vec![last.booking.booking_id]);
    let early = house.store.finish_move(first_show(), later(4)).await;
    assert!(!early.unwrap());

    let last = house.file(last.booking.booking_id).await;
    let last = house.done(all_back(&last, 3)).await;
    assert_eq!(last.tickets[0].state, TicketState::Void);
    let done = house.store.finish_move(first_show(), later(5)).await;
    assert!(done.unwrap());
    assert_eq!(house.store.open_moves(9).await.unwrap(), vec![]);
    let progress = house.store.move_progress(first_show()).await.unwrap();
    let progress = progress.unwrap();
    assert_eq!(progress.moved.finished_at, Some(later(5)));
    let counted = (
        progress.left,
        progress.refunds.pending,
        progress.refunds.amount_minor,
    );
    assert_eq!(counted, (0, 1, 1500));
    assert!(
        house
            .store
            .move_progress(second_show())
            .await
            .unwrap()
            .is_none()
    );
    house.is_whole().await;
}

/// Who has a room keeps what a card paid; who has none has the card's part back on the card and the rest by the gateway.
pub async fn a_card_has_its_part_back_when_there_is_no_room(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    house
        .issue(vec![new_card(1, 1000), new_card(2, 1000)])
        .await;
    let kept = house.paid_partly(1, &[1], 1, 400).await;
    let lost = house.paid_partly(2, &[35, 36], 2, 700).await;
    let balances = async || [house.balance(1).await, house.balance(2).await];
    assert_eq!(balances().await, [600, 300]);
    let bookings = vec![to(&kept, &[2]), to(&lost, &[])];
    let moving = house.moving(1, elsewhere(), bookings).await;
    assert_eq!(house.try_to_move(moving).await, MoveShowOutcome::Moved);
    assert_eq!(
        balances().await,
        [600, 300],
        "nothing went back by the move"
    );
    let lost = house.file(lost.booking.booking_id).await;
    let lost = house.done(both_back(&lost, 2, SHOW_MOVED, later(4))).await;
    assert_eq!(balances().await, [600, 1000]);
    let progress = house.store.move_progress(first_show()).await.unwrap();
    let expected = RefundProgress {
        pending: 1,
        succeeded: 1,
        failed: 0,
        amount_minor: lost.booking.total.amount_minor,
    };
    assert_eq!(progress.unwrap().refunds, expected);
    let kept = house.file(kept.booking.booking_id).await;
    assert_eq!(kept.payments[0].back_minor(), 0);
    assert_eq!(kept.booking.seats[0].seat, SeatNo(2));
    let done = house.store.finish_move(first_show(), later(5)).await;
    assert!(done.unwrap());
    house.is_whole().await;
}

/// Whoever decided on the seats of the map before does not get those that have their numbers now.
pub async fn numbers_of_the_map_before_are_refused(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    let held = house.held(1, &[1]).await;
    let paying = house.done(begin(&held, 1)).await;
    let gone = house.held(2, &[2]).await;
    let gone = house.done(begin(&gone, 2)).await;
    let expired = Step {
        payments: vec![PaymentRow {
            status: PaymentStatus::Authorized,
            ..gone.payments[0].clone()
        }],
        ..step(&gone.booking, BookingState::Expired, SeatsEffect::Free)
    };
    let gone = house.done(expired).await;
    let moving = house.moving(1, elsewhere(), vec![to(&paying, &[7])]).await;
    assert_eq!(house.try_to_move(moving).await, MoveShowOutcome::Moved);

    let outcome = house.hold(&booking(3, first_show(), &[9])).await;
    assert_eq!(outcome, HoldOutcome::ShowMoved);
    let block = BlockSeats {
        show_id: first_show(),
        seats: seat_numbers(&[9]),
        seating: 0,
        blocked: true,
        audit: entry(2),
        idempotency: None,
    };
    let outcome = house.store.block_seats(block.clone()).await.unwrap();
    assert_eq!(outcome, BlockOutcome::ShowMoved);
    // Its money is for a seat that is another one now.
    let reclaim = Step {
        payments: vec![PaymentRow {
            status: PaymentStatus::Captured,
            captured_minor: 1500,
            ..gone.payments[0].clone()
        }],
        ..step(&gone.booking, BookingState::Confirmed, SeatsEffect::Reclaim)
    };
    let outcome = house.store.step(reclaim).await.unwrap();
    assert_eq!(outcome, StepOutcome::SeatsGone(seat_numbers(&[2])));
    assert_eq!(house.seats().await, [(7, SeatState::Held)].into());

    // What was decided since is done, and a payment that was under way goes on.
    let mut new = booking(4, first_show(), &[9]);
    new.seats[0].seating = 1;
    let outcome = house.hold(&new).await;
    assert!(matches!(outcome, HoldOutcome::Held { .. }), "{outcome:?}");
    let stale = house.store.step(confirm(&paying)).await.unwrap();
    assert_eq!(stale, StepOutcome::Stale);
    let paying = house.file(paying.booking.booking_id).await;
    let paid = house.done(confirm(&paying)).await;
    assert_eq!(paid.tickets[0].seat, SeatNo(7));
    let block = BlockSeats {
        seats: seat_numbers(&[8]),
        seating: 1,
        ..block
    };
    let outcome = house.store.block_seats(block).await.unwrap();
    assert_eq!(outcome, BlockOutcome::Done { changed: 1 });
    let states = [
        (7, SeatState::Sold),
        (8, SeatState::Blocked),
        (9, SeatState::Held),
    ];
    assert_eq!(house.seats().await, states.into());
}

/// Nothing changes when the plan is not the show's any more, and the screen must be free.
pub async fn a_move_depends_on_what_it_was_decided_on(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    let paid = house.paid(1, &[1]).await;
    let last = house.paid(2, &[35]).await;
    let bookings = || vec![to(&paid, &[1]), to(&last, &[])];
    let moving = || house.moving(1, elsewhere(), bookings());
    let mut stale = moving().await;
    stale.seats_version -= 1;
    assert_eq!(
        house.try_to_move(stale).await,
        MoveShowOutcome::SeatsChanged
    );
    let mut stale = moving().await;
    stale.bookings[0].version -= 1;
    assert_eq!(
        house.try_to_move(stale).await,
        MoveShowOutcome::SeatsChanged
    );
    let mut stale = moving().await;
    stale.expected += 1;
    assert_eq!(house.try_to_move(stale).await, MoveShowOutcome::Changed);
    let clash = house.moving(1, show(1, 1, 2, 5, 1, 40), bookings()).await;
    assert_eq!(
        house.try_to_move(clash).await,
        MoveShowOutcome::Clash(second_show())
    );
    let mut nowhere = moving().await;
    nowhere.show = show(1, 77, 3, 3, SMALL, ROOM);
    assert_eq!(house.try_to_move(nowhere).await, MoveShowOutcome::NoShow);
    assert_eq!(house.changes_noted().await, 0);
    assert_eq!(house.file(paid.booking.booking_id).await, paid);
    house.is_sound().await;

    let mut keyed = moving().await;
    keyed.idempotency = Some(record(1, 1, "moved"));
    assert_eq!(
        house.try_to_move(keyed.clone()).await,
        MoveShowOutcome::Moved
    );
    let again = house.try_to_move(keyed).await;
    assert!(
        matches!(again, MoveShowOutcome::Repeated(Lookup::Replay(_))),
        "{again:?}"
    );
    let back = house.moving(2, show(1, 1, 1, 3, 1, 40), vec![]).await;
    assert_eq!(house.try_to_move(back).await, MoveShowOutcome::Unfinished);
    let cancel = CancelShow {
        show_id: first_show(),
        reason: "The projector is broken.".into(),
        words: None,
        audit: entry(3),
        now: later(4),
    };
    house.store.cancel_show(cancel).await.unwrap();
    let back = house.moving(2, show(1, 1, 1, 3, 1, 40), vec![]).await;
    assert_eq!(house.try_to_move(back).await, MoveShowOutcome::Cancelled);
}

/// Who was let in is in on the new seat, and that can be taken back.
pub async fn who_is_in_stays_in(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let ticket = door::ticket(&file, 0);
    assert_eq!(house.let_in(1, ticket).await, KeepOutcome::Done);
    let moving = house.moving(1, elsewhere(), vec![to(&file, &[2, 1])]).await;
    assert_eq!(house.try_to_move(moving).await, MoveShowOutcome::Moved);
    house.is_whole().await;
    let now = house.file(file.booking.booking_id).await;
    let state = |seat: u16| {
        let found = now.tickets.iter().find(|ticket| ticket.seat.0 == seat);
        found.map(|ticket| ticket.state)
    };
    assert_eq!(state(2), Some(TicketState::Redeemed));
    assert_eq!(state(1), Some(TicketState::Valid));
    let undone = house.undo(2, 1, -9).await;
    assert!(matches!(undone, UndoOutcome::Done { .. }), "{undone:?}");
    let now = house.file(file.booking.booking_id).await;
    let valid = |ticket: &crate::bookings::TicketRow| ticket.state == TicketState::Valid;
    assert!(now.tickets.iter().all(valid));
    house.is_whole().await;
}

/// Of moving a show and holding its seats at one time the move is made on what is held, or the hold is refused.
pub async fn moving_and_holding_exclude_each_other(engine: &impl Engine) {
    let house = House::with_small_screen(engine).await;
    let paid = house.paid(1, &[0]).await;
    let mut holds = tokio::task::JoinSet::new();
    for seat in 1..30_u16 {
        let store = Arc::clone(&house.store);
        let wanted = hold(&booking(u32::from(seat) + 1, first_show(), &[seat]));
        holds.spawn(async move {
            tokio::time::sleep(Duration::from_micros(u64::from(seat) * 300)).await;
            store.hold_seats(wanted).await.unwrap()
        });
    }
    tokio::time::sleep(Duration::from_millis(2)).await;
    let mut tries = 0;
    loop {
        tries += 1;
        let version = house.version().await;
        let files = house.store.bookings_of_show(first_show()).await.unwrap();
        // Everybody two seats on: the holds under way want just these.
        let next = |file: &BookingFile| to(file, &[(file.booking.seats[0].seat.0 + 2) % ROOM]);
        let mut moving = house
            .moving(1, elsewhere(), files.iter().map(next).collect())
            .await;
        moving.seats_version = version;
        match house.try_to_move(moving).await {
            MoveShowOutcome::Moved => break,
            outcome => assert_eq!(outcome, MoveShowOutcome::SeatsChanged),
        }
        assert!(tries < 100, "it never comes to its turn");
    }
    let outcomes = holds.join_all().await;
    let held = |outcome: &&HoldOutcome| matches!(outcome, HoldOutcome::Held { .. });
    let held = outcomes.iter().filter(held).count();
    let refused = |outcome: &&HoldOutcome| **outcome == HoldOutcome::ShowMoved;
    assert_eq!(outcomes.iter().filter(refused).count(), 29 - held);
    assert_eq!(house.seats().await.len(), held + 1);
    let now = house.file(paid.booking.booking_id).await;
    assert_eq!(now.tickets[0].seat, SeatNo(2));
    house.is_whole().await;
}
