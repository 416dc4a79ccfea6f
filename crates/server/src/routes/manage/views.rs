//! What staff see: theaters, screens, movies and shows with what only they need.

use chrono::SecondsFormat;
use matinee_api::{
    CategoryPriceSpec, FeesSpec, ManagedMovie, ManagedScreen, ManagedShow, ManagedTheater,
    MovieSpec, PriceListSpec, PriceRuleSpec, PricesSpec, TaxSpec, TheaterSpec, TicketTypeSpec,
    TierSpec,
};
use matinee_domain::{
    catalog::{Movie, Screen, Theater},
    ids::TheaterId,
    price::{PriceList, PriceRule, TicketType},
};
use matinee_store::catalog::ListedShow;

pub(super) fn theater(theater: &Theater) -> ManagedTheater {
    ManagedTheater {
        theater_id: theater.theater_id,
        external_id: theater.external_id.clone(),
        facts: facts(theater),
        prices: prices(theater),
        screens: theater.screens.iter().map(screen).collect(),
    }
}

/// A theater's own facts.
pub(super) fn facts(theater: &Theater) -> TheaterSpec {
    let taxed = !theater.tax.label.is_empty();
    let tiers = theater
        .cancellation_policy
        .tiers
        .iter()
        .map(|tier| TierSpec {
            minutes_before: tier.minutes_before,
            refund_basis_points: u32::from(tier.refund_basis_points),
        });
    TheaterSpec {
        name: theater.name.clone(),
        location: theater.location.clone(),
        time_zone: theater.time_zone.name().to_owned(),
        currency: theater.currency,
        tax: taxed.then(|| TaxSpec {
            label: theater.tax.label.clone(),
            basis_points: theater.tax.basis_points,
        }),
        fees: Some(FeesSpec {
            per_seat_minor: theater.fees.per_seat_minor,
        }),
        max_seats_per_booking: Some(theater.max_seats_per_booking),
        gap_rule: Some(theater.gap_rule),
        hold_minutes: theater.hold_minutes,
        doors_open_minutes: theater.doors_open_minutes,
        cancellation_policy: tiers.collect(),
    }
}

/// What a theater charges.
pub(super) fn prices(theater: &Theater) -> PricesSpec {
    PricesSpec {
        ticket_types: theater.ticket_types.iter().map(ticket_type).collect(),
        price_lists: theater.price_lists.iter().map(price_list).collect(),
    }
}

fn ticket_type(kind: &TicketType) -> TicketTypeSpec {
    TicketTypeSpec {
        code: kind.code.clone(),
        label: kind.label.clone(),
        change: Some(kind.change),
        proof: kind.proof.clone(),
    }
}

fn price_list(list: &PriceList) -> PriceListSpec {
    let prices = list.prices.iter().map(|price| CategoryPriceSpec {
        category: price.category.clone(),
        amount_minor: price.amount_minor,
    });
    PriceListSpec {
        external_id: list.external_id.clone(),
        name: list.name.clone(),
        prices: prices.collect(),
        rules: list.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &PriceRule) -> PriceRuleSpec {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    PriceRuleSpec {
        label: rule.label.clone(),
        weekdays: rule.weekdays.clone(),
        from: rule.from_minute.map(time),
        until: rule.until_minute.map(time),
        categories: rule.categories.clone(),
        change: rule.change,
    }
}

pub(super) fn screen(screen: &Screen) -> ManagedScreen {
    ManagedScreen {
        screen_id: screen.screen_id,
        external_id: screen.external_id.clone(),
        name: screen.name.clone(),
        seat_map_id: screen.seat_map_id,
        seats_total: screen.seats_total,
        cleaning_minutes: screen.cleaning_minutes,
    }
}

pub(super) fn movie(movie: &Movie, theater_id: TheaterId) -> ManagedMovie {
    ManagedMovie {
        movie_id: movie.movie_id,
        external_id: movie.external_id.clone(),
        own: is_own(movie, theater_id),
        facts: MovieSpec {
            name: movie.name.clone(),
            cast: movie.cast.clone(),
            director: movie.director.clone(),
            genres: movie.genres.clone(),
            duration_minutes: movie.duration_minutes,
            release_year: movie.release_year,
            ratings: movie.ratings.clone(),
            certificate: movie.certificate.clone(),
            languages: movie.languages.clone(),
            poster_url: movie.poster_url.clone(),
        },
    }
}

/// The theater's staff made it. Movies are everybody's; one that came by an import is nobody's to change but the
/// administrator's.
pub(super) fn is_own(movie: &Movie, theater_id: TheaterId) -> bool {
    let made_by = movie.external_id.split_once(':').map(|(by, _)| by);
    made_by == Some(theater_id.to_string().as_str())
}

pub(super) fn show(listed: &ListedShow, theater: &Theater, movie_name: &str) -> ManagedShow {
    let show = &listed.show;
    let screen = theater
        .screens
        .iter()
        .find(|screen| screen.screen_id == show.screen_id);
    let local = show.start_time.with_timezone(&theater.time_zone);
    ManagedShow {
        show_id: show.show_id,
        theater_id: theater.theater_id,
        movie_id: show.movie_id,
        movie_name: movie_name.to_owned(),
        screen_id: show.screen_id,
        screen_name: screen.map(|screen| screen.name.clone()).unwrap_or_default(),
        external_id: show.external_id.clone(),
        published: listed.published,
        cancelled: listed.cancelled,
        moved: listed.seating > 0,
        start_time: show.start_time,
        end_time: show.end_time,
        start: local.to_rfc3339_opts(SecondsFormat::Secs, false),
        format: show.format.clone(),
        language: show.language.clone(),
        subtitles: show.subtitles.clone(),
        from_price: show.prices.from_price(),
        seats_taken: listed.taken,
        seats_total: show.seats_total,
    }
}
