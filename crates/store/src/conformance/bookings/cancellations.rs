//! Shows that the theater cancels: nobody buys any more, and what was bought is gone through.

use super::{
    House, begin, booking, confirm, door, first_show, hold, later, refund, seat_numbers,
    second_show, step,
};
use crate::{
    bookings::{
        BookingFile, ChangeHold, HoldOutcome, PaymentRow, RefundRow, SHOW_CANCELLED, SeatsEffect,
        Step, StepOutcome, TicketState,
    },
    cancellations::{CancelShow, CancelShowOutcome},
    catalog::{CatalogChange, CatalogRefusal, ShowQuery},
    conformance::{
        Engine,
        bookings::NO_LIMITS,
        fixtures::{show_id, start, theater_id},
        staff::entry,
    },
    door::KeepOutcome,
    refund_progress::RefundProgress,
};
use matinee_domain::{
    booking::BookingState,
    ids::{BookingId, ShowId},
    payment::{PaymentStatus, RefundStatus},
};
use std::{sync::Arc, time::Duration};

fn cancel(number: u32, show_id: ShowId) -> CancelShow {
    CancelShow {
        show_id,
        reason: "The projector is broken.".into(),
        words: Some("We are sorry.".into()),
        audit: entry(number),
        now: later(3),
    }
}

impl House {
    pub(super) async fn cancel(&self, number: u32) -> CancelShowOutcome {
        let cancel = cancel(number, first_show());
        self.store.cancel_show(cancel).await.unwrap()
    }

    async fn with_seats(&self, after: Option<BookingId>, limit: u16) -> Vec<BookingId> {
        let found = self.store.bookings_with_seats(first_show(), after, limit);
        found.await.unwrap()
    }
}

/// All of a paid booking goes back, as the theater decides it.
fn all_back(file: &BookingFile, number: u32) -> Step {
    let amount = file.booking.total.amount_minor;
    let (paid, back) = refund(file, number, amount);
    let seats: Vec<u16> = file.booking.seats.iter().map(|seat| seat.seat.0).collect();
    Step {
        payments: vec![PaymentRow {
            status: PaymentStatus::Captured,
            ..paid
        }],
        refunds: vec![RefundRow {
            reason: SHOW_CANCELLED.into(),
            created_at: later(4),
            ..back
        }],
        cancel_seats: seat_numbers(&seats),
        by_theater: true,
        ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Keep)
    }
}

/// Nobody holds, changes, begins to pay, or cancels by a policy that gives less than all; the show is in no list, and what
/// was cancelled stays so.
pub async fn a_cancelled_show_sells_nothing(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let paid = house.paid(2, &[2, 3]).await;
    assert_eq!(house.cancel(1).await, CancelShowOutcome::Cancelled);
    assert_eq!(house.cancel(2).await, CancelShowOutcome::Before);
    let nowhere = cancel(3, show_id(1, 77));
    let nowhere = house.store.cancel_show(nowhere).await.unwrap();
    assert_eq!(nowhere, CancelShowOutcome::NoShow);
    let noted = house
        .store
        .audit_of(theater_id(1), None, 100)
        .await
        .unwrap();
    assert_eq!(noted.len(), 1, "what changed nothing is not noted");

    let outcome = house.hold(&booking(3, first_show(), &[9])).await;
    assert_eq!(outcome, HoldOutcome::ShowCancelled);
    let change = ChangeHold {
        booking: booking(1, first_show(), &[1, 9]),
        expected_version: 1,
        limits: NO_LIMITS,
        only_if_version: None,
        now: later(1),
    };
    let outcome = house.store.change_hold(change).await.unwrap();
    assert_eq!(outcome, HoldOutcome::ShowCancelled);
    let outcome = house.store.step(begin(&held, 1)).await.unwrap();
    assert_eq!(outcome, StepOutcome::ShowCancelled);
    let by_policy = Step {
        by_theater: false,
        ..all_back(&paid, 1)
    };
    let outcome = house.store.step(by_policy).await.unwrap();
    assert_eq!(outcome, StepOutcome::ShowCancelled);
    house.hold(&booking(4, second_show(), &[9])).await;

    let publish = CatalogChange {
        published: vec![(first_show(), true)],
        ..CatalogChange::default()
    };
    let refused = house.store.apply(publish, start()).await.unwrap();
    assert_eq!(refused, Err(CatalogRefusal::ShowCancelled(first_show())));
    let listed = house.store.show(first_show()).await.unwrap().unwrap();
    assert!(listed.cancelled && !listed.published);
    let query = ShowQuery {
        theater_id: Some(theater_id(1)),
        limit: 100,
        ..ShowQuery::default()
    };
    let shows = house.store.shows(query).await.unwrap();
    assert!(
        shows
            .iter()
            .all(|listed| listed.show.show_id != first_show())
    );
    let changes = house.store.changes(0, 1000).await.unwrap();
    assert!(changes.deleted_shows.contains(&first_show()));
    house.is_sound().await;
}

/// Holds are let go, payments in flight lose their seats and find no way back to them, paid bookings end whole, and so do
/// tickets that were used: they stay marked as used.
pub async fn bookings_of_a_cancelled_show_end(engine: &impl Engine) {
    let house = House::open(engine).await;
    let held = house.held(1, &[1]).await;
    let paying = house.held(2, &[2]).await;
    let paying = house.done(begin(&paying, 2)).await;
    let paid = house.paid(3, &[3, 4]).await;
    let used = house.held(4, &[5]).await;
    let used = house.done(begin(&used, 4)).await;
    let used = house.done(confirm(&used)).await;
    let outcome = house.let_in(1, door::ticket(&used, 0)).await;
    assert_eq!(outcome, KeepOutcome::Done);
    let used = house.file(used.booking.booking_id).await;
    house.cancel(1).await;
    let ids = [&held.booking_id, &paying.booking.booking_id];
    let ids: Vec<BookingId> = (ids.into_iter().copied())
        .chain([paid.booking.booking_id, used.booking.booking_id])
        .collect();
    assert_eq!(house.with_seats(None, 100).await, ids);
    assert_eq!(house.with_seats(Some(ids[1]), 1).await, [ids[2]]);
    let open = house.store.open_cancellations(10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].bookings, open[0].at), (4, later(3)));
    assert_eq!(open[0].words.as_deref(), Some("We are sorry."));

    house
        .done(step(&held, BookingState::Released, SeatsEffect::Free))
        .await;
    let expired = house
        .done(step(
            &paying.booking,
            BookingState::Expired,
            SeatsEffect::Free,
        ))
        .await;
    assert!(expired.payments[0].status.is_live(), "its money may come");
    let reclaim = Step {
        seats: SeatsEffect::Reclaim,
        ..confirm(&expired)
    };
    let outcome = house.store.step(reclaim).await.unwrap();
    assert_eq!(outcome, StepOutcome::SeatsGone(seat_numbers(&[2])));
    let finish = || house.store.finish_cancellation(first_show(), later(5));
    assert!(!finish().await.unwrap(), "two have seats");

    house.done(all_back(&paid, 3)).await;
    let file = house.done(all_back(&used, 4)).await;
    assert_eq!(file.tickets[0].state, TicketState::Redeemed);
    assert!(file.booking.seats[0].cancelled);
    assert_eq!(house.seats().await.len(), 0);
    let found = house.store.cancellation(first_show()).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.left, found.refunds.amount_minor), (0, 4500));
    assert_eq!((found.refunds.pending, found.refunds.failed), (2, 0));
    assert!(finish().await.unwrap() && finish().await.unwrap());
    assert_eq!(house.store.open_cancellations(10).await.unwrap(), []);
    let found = house.store.cancellation(first_show()).await.unwrap();
    assert_eq!(found.unwrap().cancelled.finished_at, Some(later(5)));
    assert_eq!(house.store.cancellation(second_show()).await.unwrap(), None);
    house.is_sound().await;
}

/// What came back of the money is counted by what became of it, and only what came since.
pub async fn refunds_of_a_cancelled_show_are_counted(engine: &impl Engine) {
    let house = House::open(engine).await;
    let paid = [house.paid(1, &[1]).await, house.paid(2, &[2]).await];
    house.cancel(1).await;
    for (file, number) in paid.iter().zip(1..) {
        let file = house.done(all_back(file, number)).await;
        let mut refund = file.refunds[0].clone();
        refund.status = if number == 1 {
            RefundStatus::Succeeded
        } else {
            RefundStatus::Failed
        };
        let mut payment = file.payments[0].clone();
        if number == 1 {
            payment.status = PaymentStatus::Refunded;
        } else {
            payment.refunded_minor = 0;
        }
        house
            .done(Step {
                payments: vec![payment],
                refunds: vec![refund],
                ..step(&file.booking, BookingState::Cancelled, SeatsEffect::Keep)
            })
            .await;
    }
    let found = house.store.cancellation(first_show()).await.unwrap();
    let found = found.unwrap();
    let counted = RefundProgress {
        pending: 0,
        succeeded: 1,
        failed: 1,
        amount_minor: 1500,
    };
    assert_eq!(found.refunds, counted);
}

/// Of cancelling a show and holding its seats at one time each hold either is counted or was refused.
pub async fn cancelling_and_holding_exclude_each_other(engine: &impl Engine) {
    let house = House::open(engine).await;
    let mut holds = tokio::task::JoinSet::new();
    for seat in 0..30_u16 {
        let store = Arc::clone(&house.store);
        let wanted = hold(&booking(u32::from(seat) + 1, first_show(), &[seat]));
        holds.spawn(async move {
            // Some come before the cancellation, some with it, some after.
            tokio::time::sleep(Duration::from_micros(u64::from(seat) * 200)).await;
            store.hold_seats(wanted).await.unwrap()
        });
    }
    tokio::time::sleep(Duration::from_millis(2)).await;
    let cancelled = house.cancel(1).await;
    let outcomes = holds.join_all().await;
    assert_eq!(cancelled, CancelShowOutcome::Cancelled);
    let held = |outcome: &&HoldOutcome| matches!(outcome, HoldOutcome::Held { .. });
    let held = outcomes.iter().filter(held).count();
    let refused = |outcome: &&HoldOutcome| **outcome == HoldOutcome::ShowCancelled;
    assert_eq!(outcomes.iter().filter(refused).count(), 30 - held);
    let found = house.store.cancellation(first_show()).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.cancelled.bookings as usize, held);
    assert_eq!(house.with_seats(None, 100).await.len(), held);
    house.is_sound().await;
}
