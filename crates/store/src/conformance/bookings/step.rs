//! Conditional steps: paying, cancelling, claiming again.

use super::{
    Engine, House, begin, booking_id, confirm, first_show, is_refused, later, payment, payment_id,
    record, refund, seat_numbers, step, tickets,
};
use crate::{
    bookings::{
        BookedSeat, BookingRow, CAME_TOO_LATE, CANCELLED_BY_CUSTOMER, Owner, PaymentRow, RefundRow,
        SeatsEffect, Step, StepOutcome, TicketState,
    },
    conformance::{
        bookings::{booked, booking},
        fixtures::{start, theater_id},
        outbox::message,
    },
    days::Span,
    feed::SeatState,
    idempotency::Lookup,
    outbox::MessageStatus,
};
use matinee_domain::{
    booking::BookingState,
    payment::{PaymentStatus, RefundStatus},
};

/// From hold to refund, and every row reads back at every step.
pub async fn a_booking_is_paid_and_cancelled(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1, 2]).await;
    let begun = begin(&held, 1);
    let file = house.done(begun.clone()).await;
    assert_eq!(file.payments, begun.payments);
    let expected = BookingRow {
        state: begun.to,
        version: 2,
        owner: Owner::Guest {
            email: Some("guest@example.org".into()),
        },
        ..held
    };
    assert_eq!(file.booking, expected);
    assert_eq!(house.version().await, 2, "no seat changed yet");

    let confirmed = Step {
        messages: vec![message(1, Some(expected.booking_id))],
        test: true,
        ..confirm(&file)
    };
    let file = house.done(confirmed.clone()).await;
    assert_eq!(file.payments, confirmed.payments);
    assert_eq!(file.tickets, confirmed.tickets);
    let expected = BookingRow {
        state: BookingState::Confirmed,
        version: 3,
        test: true,
        ..expected
    };
    assert_eq!(file.booking, expected);
    assert_eq!(file.notifications.len(), 1);
    assert_eq!(file.notifications[0].status, MessageStatus::Pending);
    assert_eq!(
        house.seats().await,
        [(1, SeatState::Sold), (2, SeatState::Sold)].into()
    );
    let by_payment = house.store.booking_of_payment(payment_id(1)).await.unwrap();
    assert_eq!(by_payment, Some(file.clone()));

    let (paid, back) = refund(&file, 1, 1500);
    let file = house
        .done(Step {
            payments: vec![paid.clone()],
            refunds: vec![back.clone()],
            cancel_seats: seat_numbers(&[1]),
            ..step(
                &file.booking,
                BookingState::PartlyCancelled,
                SeatsEffect::Keep,
            )
        })
        .await;
    assert_eq!(file.payments, vec![paid]);
    assert_eq!(file.refunds, vec![back.clone()]);
    let marked = vec![
        BookedSeat {
            cancelled: true,
            ..booked(1)
        },
        booked(2),
    ];
    assert_eq!(file.booking.seats, marked);
    assert!(
        file.booking.test,
        "a step without the mark does not take it away"
    );
    let states: Vec<_> = file.tickets.iter().map(|ticket| ticket.state).collect();
    assert_eq!(states, [TicketState::Void, TicketState::Valid]);
    assert_eq!(house.seats().await, [(2, SeatState::Sold)].into());

    let (paid, rest) = refund(&file, 2, 1500);
    let done = RefundRow {
        status: RefundStatus::Succeeded,
        attempts: 1,
        ..back
    };
    let file = house
        .done(Step {
            payments: vec![paid],
            refunds: vec![done.clone(), rest.clone()],
            cancel_seats: seat_numbers(&[2]),
            ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(file.refunds, vec![done, rest]);
    assert_eq!(file.payments[0].status, PaymentStatus::Refunded);
    assert_eq!(house.seats().await.len(), 0);
    house.is_sound().await;
}

/// Cancelling everything with `Free` ends the same as seat by seat.
pub async fn a_booking_is_cancelled_whole(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let (paid, back) = refund(&file, 1, 3000);
    let file = house
        .done(Step {
            payments: vec![paid],
            refunds: vec![back],
            cancel_seats: seat_numbers(&[1, 2]),
            ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Free)
        })
        .await;
    assert!(file.booking.seats.iter().all(|seat| seat.cancelled));
    assert!(
        file.tickets
            .iter()
            .all(|ticket| ticket.state == TicketState::Void)
    );
    assert_eq!(house.seats().await.len(), 0);
    house.is_sound().await;
}

/// A step decided on another version does nothing at all.
pub async fn a_stale_step_does_nothing(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let stale = |step: Step| async { house.store.step(step).await.unwrap() };
    let ahead = Step {
        expected_version: 2,
        ..begin(&held, 1)
    };
    assert_eq!(stale(ahead).await, StepOutcome::Stale);
    let elsewhere = Step {
        show_id: super::second_show(),
        ..begin(&held, 1)
    };
    assert_eq!(stale(elsewhere).await, StepOutcome::Stale);
    let nobody = begin(&booking(9, first_show(), &[1]), 1);
    assert_eq!(stale(nobody).await, StepOutcome::Stale);
    let file = house.done(begin(&held, 1)).await;
    let again = Step {
        messages: vec![message(1, Some(held.booking_id))],
        ..begin(&held, 2)
    };
    assert_eq!(stale(again).await, StepOutcome::Stale);
    assert_eq!(house.file(held.booking_id).await, file);
    assert_eq!(house.store.message_counts().await.unwrap(), (0, 0, 0));
    house.is_sound().await;
}

/// The same step twice at once is one step.
pub async fn of_two_equal_steps_one_is_done(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let file = house.done(begin(&held, 1)).await;
    let (one, two) = tokio::join!(
        house.store.step(confirm(&file)),
        house.store.step(confirm(&file))
    );
    let mut outcomes = [one.unwrap(), two.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == StepOutcome::Stale);
    assert_eq!(
        outcomes,
        [StepOutcome::Done { version: 3 }, StepOutcome::Stale]
    );
    house.is_sound().await;
}

/// A booking has at most one live payment; a step may end one and begin the next.
pub async fn at_most_one_payment_is_live(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let file = house.done(begin(&held, 1)).await;
    let with = |payments: Vec<PaymentRow>| Step {
        payments,
        ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
    };
    let second = payment(&held, 2, PaymentStatus::Created);
    let outcome = house.store.step(with(vec![second.clone()])).await.unwrap();
    assert_eq!(outcome, StepOutcome::PaymentInProgress);
    let two = vec![second.clone(), payment(&held, 3, PaymentStatus::Created)];
    assert_eq!(
        house.store.step(with(two)).await.unwrap(),
        StepOutcome::PaymentInProgress
    );
    assert_eq!(house.file(held.booking_id).await, file);
    // The same payment moves on.
    let moved = PaymentRow {
        status: PaymentStatus::RequiresAction,
        ..file.payments[0].clone()
    };
    let file = house.done(with(vec![moved.clone()])).await;
    // In either order, the end of one makes room for the next.
    let declined = PaymentRow {
        status: PaymentStatus::Declined,
        decline_reason: Some("insufficient funds".into()),
        ..moved
    };
    let file = house
        .done(Step {
            payments: vec![second.clone(), declined.clone()],
            ..step(&file.booking, file.booking.state, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(file.payments, vec![declined, second]);
    house.is_sound().await;
}

/// A payment that failed gives the hold back.
pub async fn a_declined_payment_gives_the_hold_back(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let file = house.done(begin(&held, 1)).await;
    let back = file.booking.state.payment_failed(later(2)).unwrap();
    let declined = PaymentRow {
        status: PaymentStatus::Declined,
        ..file.payments[0].clone()
    };
    let file = house
        .done(Step {
            payments: vec![declined],
            idempotency: Some(record(1, 1, "402")),
            ..step(&file.booking, back, SeatsEffect::Keep)
        })
        .await;
    assert_eq!(file.booking.state, held.state);
    assert_eq!(house.seats().await, [(1, SeatState::Held)].into());
    let file = house.done(begin(&file.booking, 2)).await;
    assert_eq!(file.payments.len(), 2);
    house.is_sound().await;
}

/// A step is recorded with its effect, and repeated from the record whatever became of the booking.
pub async fn a_step_is_repeated_from_its_record(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let begun = Step {
        idempotency: Some(record(1, 1, "begun")),
        ..begin(&held, 1)
    };
    house.done(begun.clone()).await;
    let expected = Lookup::Replay(record(1, 1, "begun").answer);
    let outcome = house.store.step(begun.clone()).await.unwrap();
    assert_eq!(outcome, StepOutcome::Repeated(expected));
    let other = Step {
        idempotency: Some(record(1, 2, "x")),
        ..begun
    };
    assert_eq!(
        house.store.step(other).await.unwrap(),
        StepOutcome::Repeated(Lookup::Reused)
    );
}

/// Late success: an expired booking claims its seats again if they are free, or names those that are gone.
pub async fn an_expired_booking_is_claimed_again(engine: &impl Engine) {
    let house = House::open(engine).await;
    for number in [1, 2] {
        house
            .held(number, &[number as u16 * 10, number as u16 * 10 + 1])
            .await;
    }
    let freed = house
        .store
        .expire_holds(vec![booking_id(1), booking_id(2)], later(9))
        .await;
    assert_eq!(freed.unwrap(), 2);
    house.held(3, &[20]).await;
    let again = |file: &crate::bookings::BookingFile, number| {
        let captured = PaymentRow {
            captured_minor: file.booking.total.amount_minor,
            ..payment(&file.booking, number, PaymentStatus::Captured)
        };
        Step {
            payments: vec![captured],
            tickets: tickets(&file.booking),
            ..step(&file.booking, BookingState::Confirmed, SeatsEffect::Reclaim)
        }
    };
    let lucky = house.file(booking_id(1)).await;
    let lucky = house.done(again(&lucky, 1)).await;
    assert_eq!(lucky.booking.state, BookingState::Confirmed);
    let unlucky = house.file(booking_id(2)).await;
    let before = house.version().await;
    let outcome = house.store.step(again(&unlucky, 2)).await.unwrap();
    assert_eq!(outcome, StepOutcome::SeatsGone(seat_numbers(&[20])));
    assert_eq!(house.file(booking_id(2)).await, unlucky);
    assert_eq!(house.version().await, before);
    let states = [
        (10, SeatState::Sold),
        (11, SeatState::Sold),
        (20, SeatState::Held),
    ];
    assert_eq!(house.seats().await, states.into());
    house.is_sound().await;
}

/// More than was captured never goes back: neither by the payment's sum nor by the refunds themselves.
pub async fn refunds_never_exceed_what_was_captured(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let (paid, back) = refund(&file, 1, 3001);
    let with = |paid: &PaymentRow, back: &RefundRow| Step {
        payments: vec![paid.clone()],
        refunds: vec![back.clone()],
        cancel_seats: seat_numbers(&[1]),
        ..step(
            &file.booking,
            BookingState::PartlyCancelled,
            SeatsEffect::Keep,
        )
    };
    assert!(is_refused(&house.store.step(with(&paid, &back)).await));
    let (lying, _) = refund(&file, 1, 1500);
    assert!(is_refused(&house.store.step(with(&lying, &back)).await));
    assert_eq!(house.file(file.booking.booking_id).await, file);
    house.is_sound().await;
}

/// What goes back because it came too late was never taken in: a day's list says so of each refund.
pub async fn a_refund_says_whether_the_money_came_too_late(engine: &impl Engine) {
    let house = House::open(engine).await;
    for (number, reason) in [(1, CANCELLED_BY_CUSTOMER), (2, CAME_TOO_LATE)] {
        let seat = number as u16;
        let file = house.paid(number, &[seat, seat + 10]).await;
        let (paid, back) = refund(&file, number, 1500);
        let back = RefundRow {
            reason: reason.into(),
            ..back
        };
        let to = BookingState::PartlyCancelled;
        let given = Step {
            payments: vec![paid],
            refunds: vec![back],
            cancel_seats: seat_numbers(&[seat]),
            ..step(&file.booking, to, SeatsEffect::Keep)
        };
        house.done(given).await;
    }
    let span = Span {
        from: start(),
        until: later(9),
    };
    let told = house.store.given_back(theater_id(1), span, None, 10);
    let told = told.await.unwrap();
    let late: Vec<_> = told.iter().map(|back| (&*back.reason, back.late)).collect();
    assert_eq!(
        late,
        [(CANCELLED_BY_CUSTOMER, false), (CAME_TOO_LATE, true)]
    );
}

/// A seat that is not the booking's, or cancelled already, is not cancelled again.
pub async fn a_seat_is_cancelled_once(engine: &impl Engine) {
    let house = House::open(engine).await;
    let file = house.paid(1, &[1, 2]).await;
    let cancel = |file: &crate::bookings::BookingFile, seat, to| Step {
        cancel_seats: seat_numbers(&[seat]),
        ..step(&file.booking, to, SeatsEffect::Keep)
    };
    let foreign = cancel(&file, 3, BookingState::PartlyCancelled);
    assert_eq!(house.store.step(foreign).await.unwrap(), StepOutcome::Stale);
    let file = house
        .done(cancel(&file, 1, BookingState::PartlyCancelled))
        .await;
    let twice = cancel(&file, 1, BookingState::PartlyCancelled);
    assert_eq!(house.store.step(twice).await.unwrap(), StepOutcome::Stale);
    assert_eq!(house.seats().await, [(2, SeatState::Sold)].into());
}

/// What would leave seats and status in disagreement is refused before anything is written.
pub async fn an_impossible_step_is_refused(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let cases = [
        (BookingState::Released, SeatsEffect::Keep),
        (BookingState::Expired, SeatsEffect::Keep),
        (BookingState::Confirmed, SeatsEffect::Keep),
        (BookingState::Confirmed, SeatsEffect::Reclaim),
        (BookingState::Confirmed, SeatsEffect::Free),
        (BookingState::Released, SeatsEffect::Sell),
    ];
    for (to, effect) in cases {
        let outcome = house.store.step(step(&held, to, effect)).await;
        assert!(is_refused(&outcome), "{to:?} {effect:?}: {outcome:?}");
    }
    assert_eq!(house.file(held.booking_id).await.booking, held);
    house.is_sound().await;
}
