//! Theaters, movies and shows.

use matinee_api as api;
use matinee_domain::{
    catalog::{Movie, Screen, Show, Theater},
    price::{STANDARD, ShowPrices, TicketType},
    seat_map::SeatMap,
};
use matinee_store::catalog::ListedShow;

/// A theater with the movies on there.
pub fn theater(
    theater: &Theater,
    movies: Vec<api::MovieSummary>,
    distance_km: Option<f64>,
) -> api::Theater {
    api::Theater {
        theater_id: theater.theater_id,
        name: theater.name.clone(),
        location: theater.location.clone(),
        time_zone: theater.time_zone.name().into(),
        currency: theater.currency,
        screens: theater.screens.iter().map(screen).collect(),
        movies,
        distance_km,
        max_seats_per_booking: theater.max_seats_per_booking,
        cancellation_policy: theater.cancellation_policy.in_words(),
    }
}

fn screen(screen: &Screen) -> api::Screen {
    api::Screen {
        screen_id: screen.screen_id,
        name: screen.name.clone(),
        seats_total: screen.seats_total,
    }
}

/// A movie in a theater's list.
pub fn movie_summary(movie: &Movie) -> api::MovieSummary {
    api::MovieSummary {
        movie_id: movie.movie_id,
        name: movie.name.clone(),
        genres: movie.genres.clone(),
        duration_minutes: movie.duration_minutes,
        certificate: movie.certificate.clone(),
        poster_url: movie.poster_url.clone(),
    }
}

/// A movie with its shows.
pub fn movie(movie: &Movie, shows: Vec<api::Show>) -> api::Movie {
    api::Movie {
        movie_id: movie.movie_id,
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
        shows,
    }
}

/// A show in a list.
pub fn show(listed: &ListedShow, theater: &Theater) -> api::Show {
    let free = listed.show.seats_total.saturating_sub(listed.taken);
    api::Show {
        cancelled: listed.cancelled,
        ..show_with(&listed.show, theater, free)
    }
}

/// A show for `GET /sync`, where seat counts are not part of the answer.
pub fn sync_show(show: &Show, theater: &Theater) -> api::Show {
    show_with(show, theater, show.seats_total)
}

/// A show with this many free seats.
pub fn show_with(show: &Show, theater: &Theater, seats_available: u16) -> api::Show {
    let screen_name = theater
        .screens
        .iter()
        .find(|screen| screen.screen_id == show.screen_id);
    api::Show {
        show_id: show.show_id,
        movie_id: show.movie_id,
        theater_id: theater.theater_id,
        screen: api::ShowScreen {
            screen_id: show.screen_id,
            name: screen_name
                .map(|screen| screen.name.clone())
                .unwrap_or_default(),
        },
        start_time: show.start_time,
        end_time: show.end_time,
        format: show.format.clone(),
        language: show.language.clone(),
        subtitles: show.subtitles.clone(),
        from_price: show.prices.from_price(),
        seats_available,
        seats_total: show.seats_total,
        cancelled: false,
    }
}

/// A show with all that is needed to buy.
pub fn show_detail(
    listed: &ListedShow,
    place: &Theater,
    movie: &Movie,
    map: &SeatMap,
) -> api::ShowDetail {
    api::ShowDetail {
        show: show(listed, place),
        movie_name: movie.name.clone(),
        theater_name: place.name.clone(),
        time_zone: place.time_zone.name().into(),
        ticket_types: ticket_types(&listed.show.prices, map),
        policy: place.cancellation_policy.in_words(),
        max_seats_per_booking: place.max_seats_per_booking,
    }
}

/// Every ticket type with its price for each category of the map.
pub fn ticket_types(prices: &ShowPrices, map: &SeatMap) -> Vec<api::TicketType> {
    let standard = TicketType {
        code: STANDARD.into(),
        label: "Standard".into(),
        change: matinee_domain::price::PriceChange::Amount(0),
        proof: None,
    };
    let implicit = prices.ticket_type(STANDARD).is_none().then_some(&standard);
    let ticket_type = |kind: &TicketType| api::TicketType {
        code: kind.code.clone(),
        label: kind.label.clone(),
        prices: (0_u16..)
            .zip(&map.categories)
            .filter_map(|(index, category)| {
                Some(api::CategoryPrice {
                    category: category.code.clone(),
                    label: category.label.clone(),
                    price: prices.seat_price(index, &kind.code).ok()?,
                })
            })
            .collect(),
        proof_needed: kind.proof.clone(),
    };
    let all = implicit.into_iter().chain(&prices.ticket_types);
    all.map(ticket_type).collect()
}
