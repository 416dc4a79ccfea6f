//! The demo's shows: a programme that is alive on whatever day the demo is started.
//!
//! Pure and repeatable. A day's shows depend on the day alone, never on the day one asked from, so that a fortnight
//! begun tomorrow agrees with one begun today and taking in both changes nothing. To that end a screen is empty and
//! clean before the next day opens. Nothing here is how real theaters plan; they import their shows.

use crate::{
    CatalogImport, House, MovieImport, Programme, ScreenImport, ShowImport, TheaterImport,
    clock::{day_after, instant_or_next, time_of},
};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use matinee_domain::price::PriceList;
use std::collections::HashMap;

/// A fortnight and more; also keeps a wrong argument from making millions of shows.
const MAX_DAYS: u16 = 366;
/// Screens of one theater do not all let people in at the same minute.
const STAGGER_MINUTES: i64 = 10;

/// The shows of `days` days from `from`, each by its theater's own calendar, in order of theater, day, screen and start.
/// Theaters that the programme or the catalog does not know are left out.
pub fn demo_shows(
    catalog: &CatalogImport,
    programme: &Programme,
    from: NaiveDate,
    days: u16,
) -> Vec<ShowImport> {
    let seats: HashMap<&str, usize> = catalog
        .seat_maps
        .iter()
        .map(|map| (map.external_id.as_str(), map.map.seats.len()))
        .collect();
    let mut shows = Vec::new();
    for house in &programme.theaters {
        let Some(theater) = catalog
            .theaters
            .iter()
            .find(|theater| theater.external_id == house.theater)
        else {
            continue;
        };
        let stage = Stage {
            candidates: candidates(catalog, programme, house),
            programme,
            house,
            theater,
            seats: &seats,
        };
        let mut week = None;
        for day in 0..days.min(MAX_DAYS) {
            let date = day_after(from, u64::from(day));
            // Days come in order, so a week's repertoire is made once.
            let (_, repertoire) = match week.take() {
                Some((number, repertoire)) if number == week_of(date) => {
                    week.insert((number, repertoire))
                }
                _ => week.insert((week_of(date), stage.repertoire(week_of(date)))),
            };
            stage.play_day(date, repertoire, &mut shows);
        }
    }
    shows
}

/// A movie and how often a theater chooses it.
type Candidate<'a> = (&'a MovieImport, u64);

/// The movies a theater chooses from.
fn candidates<'a>(
    catalog: &'a CatalogImport,
    programme: &Programme,
    house: &House,
) -> Vec<Candidate<'a>> {
    let weight = |movie: &MovieImport| {
        let own = programme
            .weights
            .get(&movie.external_id)
            .copied()
            .unwrap_or(1);
        let genre = movie
            .genres
            .iter()
            .filter_map(|genre| house.genre_weights.get(genre))
            .max()
            .copied()
            .unwrap_or(1);
        u64::from(own) * u64::from(genre)
    };
    catalog
        .movies
        .iter()
        .map(|movie| (movie, weight(movie)))
        .filter(|(_, weight)| *weight > 0)
        .collect()
}

/// Everything one theater's programme is made from.
struct Stage<'a> {
    candidates: Vec<Candidate<'a>>,
    programme: &'a Programme,
    house: &'a House,
    theater: &'a TheaterImport,
    seats: &'a HashMap<&'a str, usize>,
}

impl<'a> Stage<'a> {
    fn play_day(&self, date: NaiveDate, repertoire: &[&MovieImport], shows: &mut Vec<ShowImport>) {
        let mut played = vec![0_u32; repertoire.len()];
        // The next day may start earlier on the clock's face (weekend) or by the clocks' change; the instant counts.
        let (open, next_open) = (self.opening(date), self.opening(day_after(date, 1)));
        let last_start = instant_or_next(
            self.theater.time_zone,
            date.and_time(time_of(self.house.last_start)),
        );
        for (index, screen) in self.theater.screens.iter().enumerate() {
            let stagger = TimeDelta::minutes(STAGGER_MINUTES * (index % 4) as i64)
                .min(last_start - open)
                .max(TimeDelta::zero());
            let mut free = open + stagger;
            let mut before = None;
            for slot in 1.. {
                let start = self.round_up(free);
                if start > last_start {
                    break;
                }
                let mut dice = Dice::new(&[
                    &self.house.theater,
                    &date.to_string(),
                    &screen.external_id,
                    &slot.to_string(),
                ]);
                let Some(choice) = self.choose(
                    repertoire, &played, before, screen, start, next_open, &mut dice,
                ) else {
                    break;
                };
                let show = self.show(
                    repertoire[choice],
                    screen,
                    format!(
                        "{}/{date}/{}/{slot}",
                        self.house.theater, screen.external_id
                    ),
                    start,
                    &mut dice,
                );
                free = show.end_time + cleaning(screen);
                shows.push(show);
                played[choice] += 1;
                before = Some(choice);
            }
        }
    }

    fn opening(&self, date: NaiveDate) -> DateTime<Utc> {
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let minutes = if weekend {
            self.house.weekend_opens
        } else {
            self.house.opens
        };
        instant_or_next(self.theater.time_zone, date.and_time(time_of(minutes)))
    }

    fn round_up(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let step = i64::from(self.programme.round_to_minutes.max(1)) * 60;
        let over = at.timestamp().rem_euclid(step);
        if over == 0 {
            at
        } else {
            at + TimeDelta::seconds(step - over)
        }
    }

    /// The movies of a week, best known first: half of them new, half held over from the week before.
    fn repertoire(&self, week: i32) -> Vec<&'a MovieImport> {
        let count = usize::from(self.house.movies_per_week);
        let mut movies = self.premieres(week, count.div_ceil(2));
        for held in self.premieres(week - 1, count.div_ceil(2)) {
            if movies.len() < count
                && !movies
                    .iter()
                    .any(|(movie, _)| movie.external_id == held.0.external_id)
            {
                movies.push(held);
            }
        }
        movies.sort_by(|(a, of_a), (b, of_b)| {
            of_b.cmp(of_a)
                .then_with(|| a.external_id.cmp(&b.external_id))
        });
        movies.into_iter().map(|(movie, _)| movie).collect()
    }

    /// Movies drawn for a week, the well known ones more often.
    fn premieres(&self, week: i32, count: usize) -> Vec<Candidate<'a>> {
        let mut dice = Dice::new(&[&self.house.theater, "week", &week.to_string()]);
        let mut left = self.candidates.clone();
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let Some(index) = dice.draw(left.iter().map(|(_, weight)| *weight)) else {
                break;
            };
            drawn.push(left.remove(index));
        }
        drawn
    }

    /// What a screen plays next: something that ends before tomorrow opens and suits the hour, not the same twice in a
    /// row, rather what has not been played today; large screens prefer what many come for.
    #[expect(
        clippy::too_many_arguments,
        reason = "one decision over everything known about a slot"
    )]
    fn choose(
        &self,
        repertoire: &[&MovieImport],
        played: &[u32],
        before: Option<usize>,
        screen: &ScreenImport,
        start: DateTime<Utc>,
        next_open: DateTime<Utc>,
        dice: &mut Dice,
    ) -> Option<usize> {
        let local = start.with_timezone(&self.theater.time_zone);
        let minute = local.hour() * 60 + local.minute();
        let large = self.seats_of(screen) >= 300;
        let fits = |movie: &MovieImport| start + length(movie) + cleaning(screen) <= next_open;
        let suits = |movie: &MovieImport| {
            let evening = self.programme.evening.as_ref();
            evening.is_none_or(|evening| {
                minute >= u32::from(evening.from_minute)
                    || !evening.certificates.contains(&movie.certificate)
            })
        };
        let weigh = |strict: bool| {
            repertoire.iter().enumerate().map(move |(rank, movie)| {
                if !fits(movie) || (strict && (!suits(movie) || before == Some(rank))) {
                    return 0;
                }
                let standing = if large {
                    (repertoire.len() - rank) as u64
                } else {
                    repertoire.len() as u64
                };
                (1_000 * standing) >> (2 * played[rank]).min(20)
            })
        };
        let strict: Vec<u64> = weigh(true).collect();
        // A small house may have nothing else that suits.
        dice.draw(strict.into_iter())
            .or_else(|| dice.draw(weigh(false).collect::<Vec<u64>>().into_iter()))
    }

    fn seats_of(&self, screen: &ScreenImport) -> usize {
        self.seats
            .get(screen.seat_map.as_str())
            .copied()
            .unwrap_or_default()
    }

    fn show(
        &self,
        movie: &MovieImport,
        screen: &ScreenImport,
        external_id: String,
        start: DateTime<Utc>,
        dice: &mut Dice,
    ) -> ShowImport {
        let (language, subtitles) = self.languages(movie, dice);
        let (format, price_list) = self.format(movie, screen, dice);
        ShowImport {
            external_id,
            theater: self.theater.external_id.clone(),
            screen: screen.external_id.clone(),
            movie: movie.external_id.clone(),
            start_time: start,
            end_time: start + length(movie),
            format,
            language,
            subtitles,
            price_list,
        }
    }

    fn languages(&self, movie: &MovieImport, dice: &mut Dice) -> (String, Vec<String>) {
        let home = &self.house.language;
        let own = movie.languages.first().unwrap_or(home);
        let for_children = movie
            .genres
            .iter()
            .any(|genre| self.programme.dubbed_genres.contains(genre));
        let drawn = dice.percent(self.house.dub_share);
        if own == home || for_children || drawn {
            return (home.clone(), Vec::new());
        }
        let subtitles = self
            .house
            .subtitles
            .iter()
            .filter(|language| *language != own)
            .cloned()
            .collect();
        (own.clone(), subtitles)
    }

    fn format(
        &self,
        movie: &MovieImport,
        screen: &ScreenImport,
        dice: &mut Dice,
    ) -> (String, String) {
        let has_list = |name: &str| {
            self.theater
                .price_lists
                .iter()
                .any(|list| list.external_id == name)
        };
        let standard = &self.programme.standard;
        let list = |wanted: Option<&String>| {
            let wanted = wanted
                .filter(|name| has_list(name))
                .or(Some(&standard.price_list))
                .filter(|name| has_list(name));
            let first = self
                .theater
                .price_lists
                .first()
                .map(|PriceList { external_id, .. }| external_id);
            wanted.or(first).cloned().unwrap_or_default()
        };
        for rule in &self.programme.formats {
            let of_genre = rule.genres.is_empty()
                || movie.genres.iter().any(|genre| rule.genres.contains(genre));
            let of_time = rule
                .since_year
                .is_none_or(|year| movie.release_year >= year)
                && rule
                    .until_year
                    .is_none_or(|year| movie.release_year <= year);
            let of_size = rule
                .min_seats
                .is_none_or(|seats| self.seats_of(screen) >= usize::from(seats));
            if dice.percent(rule.share) && of_genre && of_time && of_size {
                return (rule.format.clone(), list(rule.price_list.as_ref()));
            }
        }
        (standard.format.clone(), list(None))
    }
}

fn length(movie: &MovieImport) -> TimeDelta {
    TimeDelta::minutes(i64::from(movie.duration_minutes))
}

fn cleaning(screen: &ScreenImport) -> TimeDelta {
    TimeDelta::minutes(i64::from(screen.cleaning_minutes))
}

/// Cinema weeks begin on Thursday.
fn week_of(date: NaiveDate) -> i32 {
    (date.num_days_from_ce() - 4).div_euclid(7)
}

/// Numbers that look random and are the same everywhere: SplitMix64 from a hash of what is being decided.
struct Dice(u64);

impl Dice {
    fn new(about: &[&str]) -> Self {
        // FNV-1a, with a separator so that parts do not run together.
        let bytes = about.iter().flat_map(|part| part.bytes().chain([0xFF]));
        Self(bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn percent(&mut self, share: u8) -> bool {
        self.next() % 100 < u64::from(share)
    }

    /// An index, in proportion to the weights; none when all are zero.
    fn draw(&mut self, weights: impl Iterator<Item = u64> + Clone) -> Option<usize> {
        let total: u64 = weights.clone().sum();
        let mut left = self.next().checked_rem(total)?;
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return Some(index);
            }
            left -= weight;
        }
        None
    }
}
