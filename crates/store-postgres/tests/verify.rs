//! Every planted corruption is found, and under its own name; and what is sound is found sound.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod support;

use matinee_store::{
    BookingStore as _, GiftStore as _, Maintenance as _, PromoStore as _,
    bookings::{HoldOutcome, StepOutcome},
    conformance::fixtures::{apply, catalog, start, theater_id},
    feed::NoFeed,
};
use matinee_store_postgres::{PostgresOptions, PostgresStore};
use std::sync::Arc;
use support::{begin, cancel_gift, confirm, gift, keyed, migrated, pay_with_gift, promo};

/// What is done to a sound database, and the invariant that it breaks.
const CORRUPTIONS: &[(&str, &str)] = &[
    ("UPDATE sync_head SET position = 0", "sync_counter"),
    ("DELETE FROM changes WHERE kind = 3", "sync_log"),
    ("DELETE FROM show_state WHERE version = 1", "show_state"),
    ("UPDATE shows SET seats_total = 7", "show_map"),
    (
        "UPDATE shows SET starts_at = 1, ends_at = 2; \
         UPDATE shows SET screen = (SELECT screen FROM screens AS s WHERE s.theater = shows.theater ORDER BY screen LIMIT 1)",
        "screen_clash",
    ),
    (
        "UPDATE show_state SET taken = taken + 1 WHERE version > 1",
        "taken_count",
    ),
    ("UPDATE seats SET seat = seat + 1000", "seat_in_map"),
    ("UPDATE seats SET state = 1 WHERE state = 2", "seat_owner"),
    ("DELETE FROM seats WHERE state = 1", "owned_seat"),
    (
        "UPDATE bookings SET seats = (SELECT seats FROM bookings WHERE status = 'held')",
        "seat_sold_once",
    ),
    (
        "UPDATE bookings SET expires_at = expires_at - 3600000000 WHERE status = 'held'; \
         UPDATE payments SET created_at = created_at + 36000000000",
        "overdue_hold",
    ),
    ("UPDATE bookings SET seat_count = 9", "booking_seats"),
    (
        "UPDATE bookings SET total_minor = 1 WHERE status = 'held'",
        "booking_total",
    ),
    (
        "UPDATE bookings SET show = decode(repeat('ab', 16), 'hex') WHERE status = 'held'",
        "booking_show",
    ),
    (
        "UPDATE bookings SET \"user\" = decode(repeat('ab', 16), 'hex'), guest_email = NULL",
        "booking_owner",
    ),
    (
        "INSERT INTO ticket_scans SELECT theater, decode(repeat('ab', 16), 'hex'), NULL, booking, seat, ticket, 'N', \
           'admitted', 1, 1, false, NULL, NULL, NULL FROM tickets LIMIT 1",
        "first_scan_counts",
    ),
    (
        "INSERT INTO ticket_scans SELECT theater, decode(repeat('ab', 16), 'hex'), NULL, booking, seat, \
           decode(repeat('ab', 16), 'hex'), 'N', 'already', 1, 1, false, NULL, NULL, NULL FROM tickets LIMIT 1",
        "scan_has_ticket",
    ),
    ("UPDATE payments SET gateway = 'counter'", "counter_charge"),
    (
        "INSERT INTO counter_charges SELECT theater, decode(repeat('ab', 22), 'hex'), NULL, 'invitation', 'captured', 0, \
           'EUR', 0, 1 FROM payments LIMIT 1",
        "counter_payment",
    ),
    (
        "INSERT INTO shifts SELECT theater, decode(repeat('ab', 16), 'hex'), decode(repeat('ab', 16), 'hex'), '1', 'EUR', \
           100, 1, 2, 100, 101 FROM payments LIMIT 1",
        "shift_cash",
    ),
    (
        "INSERT INTO shifts SELECT theater, decode(repeat('ab', 16), 'hex'), decode(repeat('ab', 16), 'hex'), '1', 'EUR', \
           100, 1, NULL, NULL, NULL FROM payments LIMIT 1; \
         INSERT INTO counter_charges SELECT theater, payment, decode(repeat('ab', 16), 'hex'), 'cash', 'captured', \
           amount_minor, currency, 1, 1 FROM payments WHERE amount_minor > 0",
        "counter_refund",
    ),
    ("DELETE FROM tickets", "ticket_for_seat"),
    ("UPDATE tickets SET seat = seat + 7", "ticket_is_paid"),
    ("UPDATE payments SET currency = 'USD'", "payment_amounts"),
    (
        "UPDATE payments SET refunded_minor = 1, status = 'partly_refunded' WHERE gateway = 'card'",
        "refund_sum",
    ),
    (
        "UPDATE payments SET refunded_minor = 1, status = 'partly_refunded' WHERE gateway = 'card'",
        "day_totals",
    ),
    (
        "INSERT INTO refunds SELECT theater, booking, decode(repeat('ab', 16), 'hex'), payment, 'failed', 100, \
           currency, 'x', 9, 1, 1 FROM payments",
        "refund_failed",
    ),
    (
        "UPDATE payments SET status = 'voided', captured_minor = 0",
        "confirmed_is_paid",
    ),
    (
        "UPDATE payments SET refunded_minor = 2000, status = 'partly_refunded' WHERE gateway = 'card'; \
         INSERT INTO refunds SELECT theater, booking, decode(repeat('ab', 16), 'hex'), payment, 'succeeded', 2000, \
           currency, 'x', 9, 1, 1 FROM payments WHERE gateway = 'card'",
        "money_kept",
    ),
    (
        "UPDATE bookings SET status = 'expired' WHERE status = 'confirmed'; DELETE FROM tickets",
        "money_for_something",
    ),
    (
        "UPDATE bookings SET status = 'awaiting_payment', payment_deadline = 1 WHERE status = 'held'",
        "payment_in_flight",
    ),
    ("UPDATE payments SET gateway = 'sandbox'", "ledger_charge"),
    (
        "INSERT INTO sandbox_charges VALUES ('nobody', 'captured', 100, 'EUR', 'x', 0, 1)",
        "ledger_books",
    ),
    (
        "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, payload, attempts, \
           created_at, due_at) \
         VALUES ('', '', decode(repeat('ab', 16), 'hex'), 'pending', 'x', 'email', '', '{}', 0, 1, 1)",
        "outbox",
    ),
    ("UPDATE promo_codes SET used = 0", "promo_uses"),
    ("UPDATE promo_codes SET used = 2", "promo_uses"),
    ("DELETE FROM promo_codes", "booking_promo"),
    (
        "INSERT INTO promo_uses SELECT theater, promo, decode(repeat('ab', 16), 'hex'), 1, 1, booking FROM bookings \
         WHERE promo IS NOT NULL",
        "promo_customers",
    ),
    (
        "UPDATE promo_codes SET uses_per_customer = 1; \
         UPDATE bookings SET guest_email = 'a@example.org' WHERE promo IS NOT NULL",
        "booking_promo_customer",
    ),
    (
        "UPDATE gift_cards SET balance_minor = balance_minor - 1",
        "gift_balance",
    ),
    (
        "UPDATE payments SET gift_returned_minor = 0 WHERE gift_card IS NOT NULL",
        "gift_payment",
    ),
    (
        "UPDATE gift_entries SET card = decode(repeat('ab', 22), 'hex') WHERE kind = 'claim'",
        "gift_entries",
    ),
    ("DELETE FROM refunds WHERE to_gift", "gift_refunds"),
    ("UPDATE idempotency SET status = 500", "idempotency"),
];

/// A hold and a paid booking, in a database nobody is connected to any more.
async fn sound(name: &str) -> String {
    let url = migrated(name).await;
    let store = PostgresStore::open(PostgresOptions::new(&*url, Arc::new(NoFeed)))
        .await
        .unwrap();
    apply(&store, catalog()).await;
    let added = store.add_promo(theater_id(1), promo(), start()).await;
    assert!(added.unwrap());
    for (number, seats) in [(1, [1, 2]), (2, [5, 6])] {
        let mut wanted = keyed(number, &seats, number);
        wanted.booking.promo = (number == 2).then(|| promo().code);
        let held = store.hold_seats(wanted).await.unwrap();
        assert!(matches!(held, HoldOutcome::Held { .. }), "{held:?}");
    }
    let booking = keyed(2, &[5, 6], 2).booking;
    for (step, version) in [(begin(&booking), 2), (confirm(&booking), 3)] {
        assert_eq!(
            store.step(step).await.unwrap(),
            StepOutcome::Done { version }
        );
    }
    store.issue_gifts(vec![gift()], start()).await.unwrap();
    let wanted = keyed(3, &[9, 10], 3);
    let booking = wanted.booking.clone();
    store.hold_seats(wanted).await.unwrap();
    for (step, version) in [(pay_with_gift(&booking), 2), (cancel_gift(&booking), 3)] {
        assert_eq!(
            store.step(step).await.unwrap(),
            StepOutcome::Done { version }
        );
    }
    let report = store.verify(start()).await.unwrap();
    assert_eq!(report.violations, vec![]);
    store.close().await;
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_corruption_is_found() {
    sound("sound").await;
    let server = postgres::Postgres::shared();
    for (at, (corruption, invariant)) in CORRUPTIONS.iter().enumerate() {
        let name = format!("corrupt_{at}");
        let url = server.copy("sound", &name);
        server.sql(&name, corruption);
        let store = PostgresStore::open_offline(&url).await.unwrap();
        let report = store.verify(start()).await.unwrap();
        let found: Vec<_> = report
            .violations
            .iter()
            .map(|found| found.invariant)
            .collect();
        assert!(
            found.contains(invariant),
            "{corruption} breaks {invariant}, found: {found:?}"
        );
        assert!(
            report.checked.iter().any(|(name, _)| name == invariant),
            "{invariant}"
        );
        store.close().await;
    }
}
