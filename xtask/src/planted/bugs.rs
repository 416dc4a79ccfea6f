//! The planted bugs, each with the check that has to find it.

/// A planted bug.
pub struct Bug {
    /// Its name in `planted!("…")`.
    pub name: &'static str,
    /// What goes wrong with it, for people.
    pub says: &'static str,
    /// The package, the test target (`lib` for unit tests) and the test that find it.
    pub package: &'static str,
    pub target: &'static str,
    pub test: &'static str,
}

const fn bug(
    name: &'static str,
    says: &'static str,
    (package, target): (&'static str, &'static str),
    test: &'static str,
) -> Bug {
    Bug {
        name,
        says,
        package,
        target,
        test,
    }
}

type Program = (&'static str, &'static str);
const DOMAIN: Program = ("matinee-domain", "lib");
const SQLITE: Program = ("matinee-store-sqlite", "conformance");
const CRASH: Program = ("matinee-store-sqlite", "crash");
const VERIFY: Program = ("matinee-store-sqlite", "verify");
const ACCOUNTS: Program = ("matinee-store-sqlite", "catalog_and_accounts");
const POSTGRES: Program = ("matinee-store-postgres", "conformance");
const SERVERS: Program = ("matinee-store-postgres", "servers");
const SAGAS: Program = ("matinee-booking", "sagas");
const SERVER: Program = ("matinee-server", "lib");

#[rustfmt::skip]
pub const BUGS: &[Bug] = &[
    bug("double_sale_sqlite", "SQLite: a claimed seat replaces whoever has it", SQLITE, "a_sold_out_show_sold_every_seat_once"),
    bug("double_sale_postgres", "PostgreSQL: the same, in the lane and in the statement", POSTGRES, "optimistic::a_sold_out_show_sold_every_seat_once"),
    bug("version_not_checked", "PostgreSQL: a step forgets the booking's version", POSTGRES, "optimistic::a_stale_step_does_nothing"),
    bug("others_not_told", "PostgreSQL: no NOTIFY is sent, no versions are compared", SERVERS, "viewers_of_another_server_see_a_change"),
    bug("lost_acknowledgement", "the answer leaves before the commit", CRASH, "nothing_acknowledged_is_lost_when_the_power_goes"),
    bug("missing_fsync", "commits are not synced (`synchronous = OFF`)", CRASH, "nothing_acknowledged_is_lost_when_the_power_goes"),
    bug("fsync_only_at_checkpoints", "commits are synced later (`synchronous = NORMAL`)", CRASH, "nothing_acknowledged_is_lost_when_the_power_goes"),
    bug("key_not_kept", "the idempotency record is not written with its change", SQLITE, "one_key_takes_effect_once"),
    bug("key_reused", "a key is accepted again with another body", SQLITE, "a_key_with_another_body_is_refused"),
    bug("quota_not_counted", "unpaid seats of a caller are not counted", SQLITE, "unpaid_seats_are_limited"),
    bug("cool_down_skipped", "nobody has to pause after letting holds run out", SQLITE, "too_many_expiries_end_in_a_pause"),
    bug("expiry_under_a_payment", "a hold expires under a payment in flight", SQLITE, "a_payment_in_flight_is_never_expired"),
    bug("restart_forgets_holds", "a restart forgets when holds run out", SQLITE, "what_was_acknowledged_survives"),
    bug("mail_lost", "the confirmation is not in the commit of its sale", SQLITE, "a_booking_is_paid_and_cancelled"),
    bug("cancelled_ticket_valid", "the ticket of a cancelled seat still opens the door", SQLITE, "a_booking_is_cancelled_whole"),
    bug("feed_loses_a_change", "live viewers are not told of a commit's last seat", SQLITE, "a_hold_comes_back_as_it_was_made"),
    bug("refresh_reused", "a used-up refresh token is good again", ACCOUNTS, "accounts::a_lost_rotation_may_be_asked_again"),
    bug("verify_looks_away", "`verify` counts rows and judges none", VERIFY, "every_planted_corruption_is_called_by_its_name"),
    bug("fee_rounding", "half a cent is cut off instead of rounded up", DOMAIN, "price::tests::half_a_minor_unit_rounds_away_from_zero_and_no_price_is_negative"),
    bug("money_as_float", "money is summed as a float", DOMAIN, "money::tests::sums_are_exact_to_the_last_minor_unit"),
    bug("gap_blocks_last_seats", "the single-seat rule blocks the last seats of a row", DOMAIN, "gap::tests::it_never_blocks_when_nothing_else_is_possible"),
    bug("refund_after_deadline", "a cancellation past its deadline is paid back", DOMAIN, "policy::tests::each_tier_holds_until_its_deadline_and_not_at_it"),
    bug("void_skipped", "an authorization nobody will take stays at the bank", SAGAS, "events::a_charge_that_comes_back_to_life_is_given_up_again"),
    bug("late_money_kept", "money for a booking that is over is kept", SAGAS, "events::money_for_a_charge_that_was_given_up_goes_back"),
    bug("news_believed", "a gateway's news is believed without asking", SAGAS, "events::an_event_is_not_believed"),
    bug("refund_skipped", "a refund is booked as paid and never asked for", SAGAS, "late::money_that_came_too_late_goes_back"),
    bug("refund_twice", "a refund tried again is another refund", SAGAS, "refunds::a_refund_that_was_tried_goes_to_the_end_of_the_queue"),
    bug("double_charge", "a payment tried again is another charge", SAGAS, "late::money_that_came_too_late_goes_back"),
    bug("unknown_is_never", "recovery takes a charge the bank has not heard of yet for none", SAGAS, "meanwhile::a_charge_that_went_on_meanwhile_is_not_given_up"),
    bug("ticket_not_issued", "a booking of two is confirmed without tickets", SAGAS, "meanwhile::a_request_overtaken_by_its_repetition_hears_what_is_kept"),
    bug("stale_seat_map", "the kept seat map outlives a change of its seats", SERVER, "routes::book::tests::a_payment_nobody_finishes_keeps_the_seats_for_fifteen_minutes_and_is_never_charged"),
    bug("stale_304", "304 for a tag that only begins like the right one", SERVER, "http::etag::tests::what_the_caller_has_is_not_sent_again"),
    bug("forged_ticket", "a ticket's signature is not checked", SERVER, "tickets::signed::tests::no_altered_ticket_is_accepted"),
    bug("anybodys_booking", "whoever has an account may read every booking", SERVER, "routes::profile::tests::another_persons_booking_is_not_there"),
    bug("deleted_account_lives", "the sessions of an erased account go on", SERVER, "routes::profile::tests::a_deleted_account_is_gone_at_once"),
];
