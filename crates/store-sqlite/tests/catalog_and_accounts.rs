//! The suite's stories about the catalog, accounts and maintenance, on SQLite.

use matinee_store::{conformance, feed::NoFeed};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::sync::Arc;

macro_rules! stories {
    ($($room:ident: $($story:ident),+;)+) => {$(
        mod $room {$(
            #[tokio::test]
            async fn $story() {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("matinee.db");
                let store = super::SqliteStore::open(super::OpenOptions {
                    path,
                    feed: super::Arc::new(super::NoFeed),
                })
                .unwrap();
                super::conformance::$room::$story(&store).await;
            }
        )+}
    )+};
}

stories! {
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
