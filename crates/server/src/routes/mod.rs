//! Every route below the base path, a file per resource. The table in `matinee_api::openapi` describes the same
//! routes; a test holds the two together.

mod access;
pub mod auth;
mod book;
mod catalog;
mod computers;
mod devices;
mod export;
pub mod gateway;
mod gifts;
mod guess;
mod guest_token;
mod health;
pub(crate) mod manage;
mod openid;
mod passkeys;
mod printed;
mod profile;
mod recover;
mod sale_problem;
mod seats;
mod second_factor;
pub(crate) mod setup;
mod subscriptions;
mod sync;
pub mod ui;

use crate::{
    app::AppState,
    http::{EncodedBody, outer::NoteRoute},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
    routing::{delete, get, patch, post, put},
};
use std::sync::{Arc, OnceLock};
use ui::Ui;

/// Everything a server answers: the API, probes of its health, and the UI for all the rest.
pub fn router(app: AppState, ui: Ui) -> Router {
    let ui = Arc::new(ui);
    Router::new()
        .nest(matinee_api::BASE_PATH, api())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(crate::lan::CA_PATH, get(setup::authority))
        .route_layer(NoteRoute)
        .fallback(
            async move |State(app): State<AppState>,
                        method: Method,
                        uri: Uri,
                        headers: HeaderMap| {
                ui.answer(&app, &method, &uri, &headers).await
            },
        )
        .with_state(app)
}

/// The API's routes, to be nested at the base path.
pub fn api() -> Router<AppState> {
    Router::new()
        .route("/theaters", get(catalog::theaters))
        .route("/theaters/{theater_id}", get(catalog::theater))
        .route(
            "/theaters/{theater_id}/calendar.ics",
            get(crate::feeds::calendar::calendar),
        )
        .route(
            "/theaters/{theater_id}/movies",
            get(catalog::theater_movies),
        )
        .route("/movies", get(catalog::movies))
        .route("/movies/{movie_id}", get(catalog::movie))
        .route("/movies/{movie_id}/shows", get(catalog::movie_shows))
        .route("/shows/{show_id}", get(catalog::show))
        .route("/shows/{show_id}/seats", get(seats::seats))
        .route("/shows/{show_id}/seats/live", get(seats::seats_live))
        .route("/shows/{show_id}/best-seats", get(seats::best_seats))
        .route("/book", post(book::book))
        .route(
            "/bookings/{booking_id}",
            patch(book::change).get(book::booking).delete(book::release),
        )
        .route("/bookings/{booking_id}/extend", post(book::extend))
        .route("/bookings/{booking_id}/tickets", get(printed::tickets))
        .route("/bookings/{booking_id}/receipt", get(printed::receipt))
        .route("/bookings/recover", post(recover::recover))
        .route("/bookings/recover/redeem", post(recover::redeem))
        .route("/payment", post(book::pay))
        .route("/gift-cards/balance", post(gifts::balance))
        .route("/payments/{payment_id}/simulate", post(book::simulate))
        .route("/payments/{payment_id}/page", get(gateway::page))
        .route("/webhooks/{gateway}", post(gateway::news))
        .route("/cancel/{booking_id}", post(book::cancel))
        .route("/users/{user_id}/bookings", get(book::bookings_of))
        .route(
            "/users/{user_id}/profile",
            get(profile::profile).put(profile::save_profile),
        )
        .route("/users/{user_id}", delete(profile::delete_account))
        .route(
            "/users/{user_id}/subscriptions",
            get(subscriptions::subscriptions).put(subscriptions::subscribe),
        )
        .route(
            "/subscriptions/{subscription_id}",
            delete(subscriptions::unsubscribe),
        )
        .route(
            "/subscriptions/{subscription_id}/live",
            get(computers::follow),
        )
        .route(
            "/subscriptions/{subscription_id}/messages/{message_id}/shown",
            post(computers::shown),
        )
        .route("/users/{user_id}/export", get(export::export))
        .route(
            "/users/{user_id}/sessions",
            get(devices::sessions).delete(devices::end_others),
        )
        .route(
            "/users/{user_id}/sessions/{session_id}",
            delete(devices::end),
        )
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::login))
        .route("/auth/refresh", post(auth::refresh))
        .route("/auth/logout", post(auth::logout))
        .route("/auth/session", get(auth::session))
        .route("/auth/password/forgot", post(auth::forgot))
        .route("/auth/password/reset", post(auth::reset))
        .route("/auth/verify", post(auth::verify))
        .route("/auth/verify/resend", post(auth::resend_verification))
        .route("/auth/second-factor/begin", post(second_factor::begin))
        .route("/auth/second-factor/confirm", post(second_factor::confirm))
        .route("/auth/second-factor/remove", post(second_factor::remove))
        .route("/users/{user_id}/passkeys", get(passkeys::list))
        .route(
            "/users/{user_id}/passkeys/{passkey_id}",
            delete(passkeys::remove),
        )
        .route("/auth/passkeys/begin", post(passkeys::begin))
        .route("/auth/passkeys/finish", post(passkeys::finish))
        .route("/auth/passkey/start", post(passkeys::start))
        .route("/auth/passkey/finish", post(passkeys::sign_in))
        .route("/auth/methods", get(openid::methods))
        .route("/auth/openid/start", post(openid::start))
        .route("/auth/openid/finish", post(openid::finish))
        .route("/auth/openid/handoff", post(openid::handoff))
        .route(
            "/manage/theaters",
            get(manage::staff::mine).post(manage::theaters::create),
        )
        .route(
            "/manage/theaters/{theater_id}",
            get(manage::theaters::theater).put(manage::theaters::change),
        )
        .route(
            "/manage/theaters/{theater_id}/prices",
            put(manage::theaters::change_prices),
        )
        .route(
            "/manage/theaters/{theater_id}/staff",
            get(manage::staff::list).put(manage::staff::put),
        )
        .route(
            "/manage/theaters/{theater_id}/staff/{user_id}",
            delete(manage::staff::remove),
        )
        .route(
            "/manage/theaters/{theater_id}/audit",
            get(manage::audit::list),
        )
        .route(
            "/manage/theaters/{theater_id}/screens",
            post(manage::screens::create),
        )
        .route(
            "/manage/theaters/{theater_id}/screens/{screen_id}",
            put(manage::screens::change).delete(manage::screens::remove),
        )
        .route(
            "/manage/theaters/{theater_id}/movies",
            post(manage::movies::create),
        )
        .route(
            "/manage/theaters/{theater_id}/movies/import",
            post(manage::movie_import::import),
        )
        .route(
            "/manage/theaters/{theater_id}/movies/search",
            get(manage::movie_search::search),
        )
        .route(
            "/manage/theaters/{theater_id}/movies/{movie_id}",
            get(manage::movies::movie).put(manage::movies::change),
        )
        .route(
            "/manage/theaters/{theater_id}/shows",
            get(manage::shows::list).post(manage::shows::create),
        )
        .route(
            "/manage/theaters/{theater_id}/shows/batch",
            post(manage::shows::create_batch),
        )
        .route(
            "/manage/theaters/{theater_id}/gateways",
            get(manage::setting_up::gateways),
        )
        .route(
            "/manage/theaters/{theater_id}/network",
            get(manage::setting_up::network),
        )
        .route(
            "/manage/shows/{show_id}",
            get(manage::shows::show)
                .put(manage::shows::change)
                .delete(manage::shows::remove),
        )
        .route(
            "/manage/shows/{show_id}/published",
            put(manage::shows::publish).delete(manage::shows::unpublish),
        )
        .route(
            "/manage/shows/{show_id}/seats/block",
            post(manage::blocks::block),
        )
        .route(
            "/manage/shows/{show_id}/seats/unblock",
            post(manage::blocks::unblock),
        )
        .route("/setup", get(setup::state).post(setup::set_up))
        .route("/manage/tickets/redeem", post(manage::door::redeem))
        .route("/manage/tickets/redeem/undo", post(manage::door::undo))
        .route(
            "/manage/theaters/{theater_id}/door-list",
            get(manage::door_list::list),
        )
        .route(
            "/manage/theaters/{theater_id}/scans",
            post(manage::door_list::scans),
        )
        .route(
            "/manage/shows/{show_id}/counter",
            get(manage::counter::show),
        )
        .route("/manage/shows/{show_id}/sell", post(manage::counter::sell))
        .route(
            "/manage/bookings/{booking_id}/print",
            get(manage::counter::print),
        )
        .route(
            "/manage/theaters/{theater_id}/shifts",
            get(manage::shifts::list).post(manage::shifts::open),
        )
        .route(
            "/manage/theaters/{theater_id}/shifts/{shift_id}",
            get(manage::shifts::shift),
        )
        .route(
            "/manage/theaters/{theater_id}/shifts/{shift_id}/close",
            post(manage::shifts::close),
        )
        .route(
            "/manage/theaters/{theater_id}/shifts/{shift_id}/payouts",
            post(manage::shifts::pay_out),
        )
        .route(
            "/manage/shows/{show_id}/cancel",
            post(manage::cancellations::cancel),
        )
        .route(
            "/manage/shows/{show_id}/cancellation",
            get(manage::cancellations::cancellation),
        )
        .route(
            "/manage/shows/{show_id}/move",
            get(manage::moves::progress).post(manage::moves::move_show),
        )
        .route("/manage/shows/{show_id}/seats", get(manage::seats::seats))
        .route(
            "/manage/theaters/{theater_id}/days/{date}",
            get(manage::days::day),
        )
        .route(
            "/manage/theaters/{theater_id}/bookings",
            get(manage::bookings::find),
        )
        .route(
            "/manage/bookings/{booking_id}",
            get(manage::bookings::booking),
        )
        .route(
            "/manage/bookings/{booking_id}/refund",
            post(manage::bookings::refund),
        )
        .route(
            "/manage/bookings/{booking_id}/resend",
            post(manage::messages::resend_tickets),
        )
        .route(
            "/manage/bookings/{booking_id}/messages/{message_id}/resend",
            post(manage::messages::resend),
        )
        .route(
            "/manage/theaters/{theater_id}/messages",
            get(manage::messages::of_theater),
        )
        .route("/manage/messages", get(manage::messages::all))
        .route(
            "/manage/messages/{message_id}/resend",
            post(manage::messages::resend_any),
        )
        .route("/sync", get(sync::sync))
        .route("/openapi.json", get(openapi))
}

/// `GET /openapi.json`, encoded once.
async fn openapi(headers: HeaderMap) -> Response {
    static DOCUMENT: OnceLock<EncodedBody> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let bytes = serde_json::to_vec(&matinee_api::openapi::document()).unwrap_or_default();
            EncodedBody::json_by_content(bytes, crate::http::Effort::Lasting)
        })
        .respond(&headers)
}

#[cfg(test)]
mod tests {
    use matinee_api::openapi::OPERATIONS;
    use std::collections::BTreeSet;

    /// The router cannot list its routes, so this reads them from the source above.
    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let source = include_str!("mod.rs");
        let api = source.split("pub fn api()").nth(1).unwrap_or_default();
        let api = api.split("#[cfg(test)]").next().unwrap_or_default();
        let routed: BTreeSet<&str> = api
            .split(".route(")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .collect();
        let described: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.path).collect();
        assert_eq!(routed, described);
    }
}
