//! The suite's stories, on PostgreSQL, with either way of locking.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod support;

use async_trait::async_trait;
use matinee_store::{
    SeatFeed, Store,
    conformance::{
        self, Engine,
        bookings::{
            blocks, cancellations, change, crowd, door, expire, gift, hold, lists, moves, promo,
            restart, step,
        },
        counter, ledger, outbox, telling,
    },
    feed::NoFeed,
};
use matinee_store_postgres::{Locking, PostgresOptions, PostgresStore};
use std::sync::Arc;

struct Postgres {
    url: String,
    locking: Locking,
}

impl Postgres {
    fn options(&self, feed: Arc<dyn SeatFeed>) -> PostgresOptions {
        PostgresOptions {
            locking: self.locking,
            ..PostgresOptions::new(&*self.url, feed)
        }
    }
}

#[async_trait]
impl Engine for Postgres {
    async fn open(&self, feed: Arc<dyn SeatFeed>) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(self.options(feed)).await.unwrap())
    }
}

macro_rules! stories {
    ($how:ident, $locking:expr; $($room:ident: $($story:ident),+;)+) => {
        mod $how {
            use super::*;
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let name = concat!(stringify!($how), "_", stringify!($story));
                let engine = Postgres { url: support::migrated(name).await, locking: $locking };
                $room::$story(&engine).await;
            })+)+
        }
    };
}

/// The same stories twice.
macro_rules! both {
    ($($stories:tt)*) => {
        stories! { optimistic, Locking::Optimistic; $($stories)* }
        stories! { pessimistic, Locking::Pessimistic; $($stories)* }
    };
}

both! {
    hold:
        a_hold_comes_back_as_it_was_made,
        taken_seats_are_named_and_nothing_changes,
        one_of_two_racing_holds_wins,
        one_key_takes_effect_once,
        a_key_with_another_body_is_refused,
        a_loser_leaves_no_record,
        a_hold_can_depend_on_the_shows_version,
        a_show_must_be_there,
        unpaid_seats_are_limited,
        too_many_expiries_end_in_a_pause,
        slow_expiries_end_in_a_pause_too,
        a_hold_that_ran_out_is_not_stolen;
    blocks:
        blocked_seats_are_not_sold,
        seats_of_people_are_left_alone,
        blocking_and_holding_exclude_each_other,
        a_block_is_made_once_by_its_key,
        a_show_with_blocked_seats_alone_may_go,
        withdrawing_and_holding_exclude_each_other,
        a_show_with_seats_stays_where_it_is;
    cancellations:
        a_cancelled_show_sells_nothing,
        bookings_of_a_cancelled_show_end,
        refunds_of_a_cancelled_show_are_counted,
        cancelling_and_holding_exclude_each_other;
    moves:
        everybody_moves_with_the_show,
        a_card_has_its_part_back_when_there_is_no_room,
        numbers_of_the_map_before_are_refused,
        a_move_depends_on_what_it_was_decided_on,
        who_is_in_stays_in,
        moving_and_holding_exclude_each_other;
    change:
        a_hold_changes_in_one_step,
        other_ticket_types_leave_the_seats_alone,
        the_old_seats_stay_on_a_conflict,
        a_change_of_something_else_is_stale,
        limits_count_the_changed_hold_once,
        a_pause_leaves_the_held_seats_to_their_caller;
    step:
        a_booking_is_paid_and_cancelled,
        a_booking_is_cancelled_whole,
        a_stale_step_does_nothing,
        of_two_equal_steps_one_is_done,
        at_most_one_payment_is_live,
        a_declined_payment_gives_the_hold_back,
        a_step_is_repeated_from_its_record,
        an_expired_booking_is_claimed_again,
        refunds_never_exceed_what_was_captured,
        a_refund_says_whether_the_money_came_too_late,
        a_seat_is_cancelled_once,
        an_impossible_step_is_refused;
    expire:
        holds_that_ran_out_are_freed,
        many_holds_are_freed_at_once,
        a_payment_in_flight_is_never_expired,
        paying_and_expiring_exclude_each_other,
        an_extended_hold_is_due_later;
    lists:
        a_history_comes_in_pages,
        unsettled_payments_are_found,
        a_crashed_payment_does_not_wait_for_people,
        pending_refunds_are_found,
        payments_of_some_time_are_listed,
        records_are_forgotten_in_time;
    promo:
        a_code_comes_back_as_it_was_made,
        a_use_goes_with_the_seats,
        only_an_open_code_is_taken_up,
        a_repeated_hold_uses_its_code_once,
        a_change_swaps_codes,
        a_late_payment_claims_the_use_again,
        a_crowd_never_uses_a_code_too_often,
        a_customer_uses_a_code_so_often,
        a_guest_who_says_who_it_is_is_counted,
        a_use_stays_its_customers,
        a_late_payment_claims_the_customers_use,
        a_customer_in_a_hurry_never_uses_a_code_too_often;
    gift:
        a_card_comes_back_as_it_was_made,
        a_claim_lasts_as_long_as_its_payment,
        a_card_pays_all_of_a_booking,
        only_an_open_card_pays,
        a_card_pays_for_no_cancelled_show,
        a_closed_card_gets_its_money_back,
        no_more_goes_back_than_was_claimed,
        a_crowd_never_spends_a_card_twice,
        a_late_payment_claims_seats_and_card;
    restart:
        what_was_acknowledged_survives,
        closing_finishes_what_was_accepted;
    door:
        a_ticket_lets_in_once,
        people_of_a_booking_come_in_together,
        a_scan_is_kept_once_by_its_key,
        of_many_doors_one_lets_in,
        letting_in_and_giving_back_exclude_each_other,
        an_entry_is_undone_in_time,
        the_order_of_telling_does_not_matter,
        an_earlier_scan_counts_although_told_later,
        wrong_entries_are_told;
    crowd:
        a_sold_out_show_sold_every_seat_once,
        a_failure_leaves_its_neighbours_alone,
        the_feed_is_told_before_the_caller,
        a_snapshot_is_of_one_moment,
        steps_of_one_booking_are_in_order;
}

stories! {
    apart, Locking::Optimistic;
    outbox:
        messages_are_claimed_in_order,
        messages_of_a_booking_are_claimed_in_order,
        messages_nobody_began_are_found,
        messages_wait_for_an_app,
        a_message_is_claimed_by_one,
        messages_end_sent_or_failed,
        messages_that_are_over_are_forgotten_in_time;
    telling:
        a_dead_letter_is_seen_and_sent_again,
        a_message_waits_or_is_dropped,
        a_message_is_added_once,
        people_of_a_show_are_found,
        a_moved_show_is_noted_until_told;
    counter:
        a_shift_is_opened_and_closed,
        a_shift_is_made_once_by_its_key,
        money_is_taken_in_open_shifts,
        cash_is_handed_out_once,
        closing_and_selling_exclude_each_other;
    ledger:
        a_key_is_charged_once,
        a_charge_moves_only_from_where_it_may,
        no_more_goes_back_than_was_captured;
}

macro_rules! of_a_store {
    ($($room:ident: $($story:ident),+;)+) => {$(
        mod $room {
            use super::*;
            $(#[tokio::test]
            async fn $story() {
                let name = concat!(stringify!($room), "_", stringify!($story));
                let options = PostgresOptions::new(support::migrated(name).await, Arc::new(NoFeed));
                let store = PostgresStore::open(options).await.unwrap();
                conformance::$room::$story(&store).await;
            })+
        }
    )+};
}

of_a_store! {
    catalog:
        a_catalog_comes_back,
        a_second_run_changes_nothing,
        external_ids_are_looked_up,
        seat_maps_are_immutable_versions,
        a_refused_change_changes_nothing,
        shows_trade_places,
        shows_are_listed_in_order,
        the_sync_log_tells_every_change_once;
    accounts:
        an_email_is_unique_in_any_case,
        the_first_administrator_is_made_once,
        a_profile_is_not_lost_to_a_second_writer,
        a_session_is_found_until_it_ends,
        a_lost_rotation_may_be_asked_again,
        reuse_of_any_old_token_ends_the_family,
        expired_sessions_are_gone,
        a_new_password_ends_every_session,
        a_new_password_ends_what_is_being_opened,
        a_secret_is_good_once,
        a_key_is_made_once,
        an_erased_account_leaves_nothing,
        a_verified_email_brings_its_bookings,
        an_erased_account_leaves_its_bookings,
        a_secret_goes_out_with_its_message,
        a_registration_is_one_commit;
    devices:
        sessions_are_listed_by_their_last_use,
        other_sessions_end,
        what_was_written_to_a_person_is_told;
    sign_in:
        a_flow_ends_once,
        an_identity_is_one_persons,
        a_person_comes_with_an_identity,
        no_code_is_good_twice,
        guessing_codes_ends_in_a_pause,
        a_passkey_is_one_persons,
        a_new_password_leaves_no_other_way_in,
        an_administrator_has_one_way_in;
    staff:
        a_role_is_given_and_taken,
        the_last_owner_stays,
        entries_come_in_pages,
        what_changes_nothing_is_not_noted,
        a_change_relies_on_a_version,
        a_change_is_made_once_by_its_key,
        a_show_is_published_and_withdrawn,
        of_two_clashing_shows_one_is_put,
        staff_do_not_change_the_money_of_shows;
    one_time:
        a_keyed_secret_is_made_once,
        a_keyed_use_is_repeated_by_its_key_alone;
    subscribers:
        a_browser_belongs_to_one_user,
        the_oldest_browsers_go,
        an_app_follows_its_own_while_it_is_signed_in,
        a_webhook_comes_back;
    maintenance:
        a_fresh_database_is_sound,
        notes_are_kept,
        a_closed_store_refuses;
}
