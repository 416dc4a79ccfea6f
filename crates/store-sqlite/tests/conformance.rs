//! The suite's stories about bookings, the outbox and the sandbox bank, on SQLite.

use async_trait::async_trait;
use matinee_store::{
    SeatFeed, Store,
    conformance::{
        Engine,
        bookings::{
            blocks, cancellations, change, crowd, door, expire, gift, hold, lists, moves, promo,
            restart, step,
        },
        counter, ledger, outbox, telling,
    },
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::{path::PathBuf, sync::Arc};

struct Sqlite {
    path: PathBuf,
}

#[async_trait]
impl Engine for Sqlite {
    async fn open(&self, feed: Arc<dyn SeatFeed>) -> Arc<dyn Store> {
        let path = self.path.clone();
        Arc::new(SqliteStore::open(OpenOptions { path, feed }).unwrap())
    }
}

macro_rules! stories {
    ($($room:ident: $($story:ident),+;)+) => {$(
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $story() {
            let folder = tempfile::tempdir().unwrap();
            let engine = Sqlite { path: folder.path().join("matinee.db") };
            $room::$story(&engine).await;
        })+
    )+};
}

stories! {
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
