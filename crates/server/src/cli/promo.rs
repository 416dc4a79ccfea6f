//! `promo`: promotion codes of a theater. A code's terms never change: who was promised something keeps it. What is
//! wrong is ended, and another code made.

use super::{CliError, DatabaseArg};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use matinee_domain::{
    catalog::Theater,
    ids::{MovieId, ShowId},
    money::Money,
    price::STANDARD,
    promo::{Discount, Promo, PromoCode, PromoTerms},
};
use matinee_store::{Store, promos::PromoRow};
use std::sync::Arc;

/// Codes read at a time.
const PAGE: u16 = 500;

#[derive(Subcommand)]
pub(super) enum PromoCommand {
    /// Make a code
    Add(Box<AddArgs>),
    /// Show codes: what they take off, until when, and how many bookings use each
    List(ListArgs),
    /// Let nobody take a code up from now on; who has it keeps it
    End(EndArgs),
}

#[derive(Args)]
pub(super) struct TheaterArg {
    /// The theater, by its external id; not needed when there is only one
    #[arg(long, value_name = "EXTERNAL_ID")]
    theater: Option<String>,
}

impl TheaterArg {
    pub(super) const fn is_named(&self) -> bool {
        self.theater.is_some()
    }
}

#[derive(Args)]
pub(super) struct AddArgs {
    /// 3 to 32 letters, digits, - and _; what people type is read without regard to case and spaces
    code: String,
    /// Take this much off, once for a booking, e.g. 5.00
    #[arg(
        long,
        value_name = "AMOUNT",
        required_unless_present = "percent",
        conflicts_with = "percent"
    )]
    amount: Option<String>,
    /// Take this share off each ticket, e.g. 12.5
    #[arg(long, value_name = "PERCENT")]
    percent: Option<String>,
    /// Only for tickets of this type [default: all]
    #[arg(long = "ticket-type", value_name = "CODE")]
    ticket_types: Vec<String>,
    /// Only for this movie, by its external id [default: all]
    #[arg(long = "movie", value_name = "EXTERNAL_ID")]
    movies: Vec<String>,
    /// Only for this show, by the id in its address [default: all]
    #[arg(long = "show", value_name = "SHOW")]
    shows: Vec<ShowId>,
    /// Only for shows on this day, 1 = Monday … 7 = Sunday [default: all]
    #[arg(long = "weekday", value_name = "DAY")]
    weekdays: Vec<u8>,
    /// Also for tickets that their type makes cheaper already
    #[arg(long)]
    combine: bool,
    /// From when it is taken: a day of the theater's, or a time as 2026-12-01T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when it is taken: the last day, or the first moment it is not [default: until it is ended]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How many bookings may use it [default: any number]
    #[arg(long, value_name = "N")]
    uses: Option<u32>,
    /// How many bookings of one customer may use it, up to 100: an account or, of guests, an e-mail address [default: any number]
    #[arg(long, value_name = "N")]
    uses_per_customer: Option<u8>,
    #[command(flatten)]
    theater: TheaterArg,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    theater: TheaterArg,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct EndArgs {
    code: String,
    #[command(flatten)]
    theater: TheaterArg,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs a `promo` command.
pub(super) async fn run(command: PromoCommand) -> Result<(), CliError> {
    let database = match &command {
        PromoCommand::Add(args) => &args.database,
        PromoCommand::List(args) => &args.database,
        PromoCommand::End(args) => &args.database,
    };
    let store = database.open_existing().await?;
    let done = match &command {
        PromoCommand::Add(args) => add(&*store, args, Utc::now()).await,
        PromoCommand::List(args) => list(&*store, args).await,
        PromoCommand::End(args) => end(&*store, args, Utc::now()).await,
    };
    store.close().await;
    done
}

async fn add(store: &dyn Store, args: &AddArgs, now: DateTime<Utc>) -> Result<(), CliError> {
    let theater = the_theater(store, &args.theater).await?;
    let promo = Promo {
        code: code(&args.code)?,
        terms: PromoTerms {
            discount: discount(&theater, args)?,
            ticket_types: ticket_types(&theater, &args.ticket_types)?,
            movies: movies(store, &args.movies).await?,
            shows: shows(store, &theater, &args.shows).await?,
            weekdays: args.weekdays.clone(),
            combines_with_reduced: args.combine,
        },
        starts_at: match &args.from {
            Some(text) => moment(&theater, text, 0)?,
            None => now,
        },
        ends_at: match &args.until {
            Some(text) => Some(moment(&theater, text, 1)?),
            None => None,
        },
        max_uses: args.uses,
        uses_per_customer: args.uses_per_customer,
    };
    let promo = promo
        .checked(theater.currency)
        .map_err(|why| CliError::Refused(format!("{why}; nothing was changed")))?;
    let code = promo.code.clone();
    if !store.add_promo(theater.theater_id, promo, now).await? {
        return Err(CliError::Refused(format!(
            "{} has had a code {code} already: its terms stay as they were promised; choose another name",
            theater.name
        )));
    }
    println!("{code} is taken at {}", theater.name);
    Ok(())
}

async fn list(store: &dyn Store, args: &ListArgs) -> Result<(), CliError> {
    let theaters = match args.theater.theater {
        Some(_) => vec![the_theater(store, &args.theater).await?],
        None => store.theaters().await?,
    };
    for theater in theaters {
        let mut after = None;
        loop {
            let page = store
                .promos(theater.theater_id, after.as_ref(), PAGE)
                .await?;
            for row in &page {
                println!("{} {}", theater.external_id, line(row));
            }
            match page.last() {
                Some(last) if page.len() == usize::from(PAGE) => {
                    after = Some(last.promo.code.clone());
                }
                _ => break,
            }
        }
    }
    Ok(())
}

async fn end(store: &dyn Store, args: &EndArgs, now: DateTime<Utc>) -> Result<(), CliError> {
    let theater = the_theater(store, &args.theater).await?;
    let code = code(&args.code)?;
    if !store.end_promo(theater.theater_id, &code, now).await? {
        let name = &theater.name;
        return Err(CliError::Refused(format!(
            "{name} has no code {code}; `promo list` shows them"
        )));
    }
    println!("{code} is taken no more at {}", theater.name);
    Ok(())
}

pub(super) async fn the_theater(
    store: &dyn Store,
    named: &TheaterArg,
) -> Result<Arc<Theater>, CliError> {
    let theaters = store.theaters().await?;
    let wanted = named.theater.as_deref();
    if let ([only], None) = (&theaters[..], wanted) {
        return Ok(Arc::clone(only));
    }
    let found = wanted.and_then(|wanted| {
        let is_it = |theater: &&Arc<Theater>| theater.external_id == wanted;
        theaters.iter().find(is_it)
    });
    found.cloned().ok_or_else(|| {
        let known: Vec<_> = theaters.iter().map(|it| it.external_id.as_str()).collect();
        CliError::Refused(format!(
            "name one of the theaters with --theater: {}",
            known.join(", ")
        ))
    })
}

fn code(typed: &str) -> Result<PromoCode, CliError> {
    typed
        .parse()
        .map_err(|why| CliError::Refused(format!("{typed}: {why}")))
}

fn discount(theater: &Theater, args: &AddArgs) -> Result<Discount, CliError> {
    let refuse = |what: &str| CliError::Refused(format!("{what} is not an amount to take off"));
    if let Some(amount) = &args.amount {
        let amount = Money::from_decimal(amount, theater.currency).ok_or_else(|| refuse(amount))?;
        return Ok(Discount::Fixed(amount));
    }
    let percent = args.percent.as_deref().unwrap_or_default();
    let points = percent.trim_end_matches('%');
    // Two decimals of a percent are basis points.
    let points = matinee_domain::money::minor_units(points, 2).and_then(|n| u16::try_from(n).ok());
    points.map(Discount::Percent).ok_or_else(|| refuse(percent))
}

fn ticket_types(theater: &Theater, named: &[String]) -> Result<Vec<String>, CliError> {
    let known = |code: &String| {
        code == STANDARD || theater.ticket_types.iter().any(|known| known.code == *code)
    };
    match named.iter().find(|code| !known(code)) {
        None => Ok(named.to_vec()),
        Some(code) => Err(CliError::Refused(format!(
            "{} has no ticket type {code}",
            theater.name
        ))),
    }
}

async fn movies(store: &dyn Store, named: &[String]) -> Result<Vec<MovieId>, CliError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let movies = store.movies().await?;
    let find = |wanted: &String| {
        let found = movies.iter().find(|movie| movie.external_id == *wanted);
        found
            .map(|movie| movie.movie_id)
            .ok_or_else(|| CliError::Refused(format!("there is no movie {wanted}")))
    };
    named.iter().map(find).collect()
}

async fn shows(
    store: &dyn Store,
    theater: &Theater,
    named: &[ShowId],
) -> Result<Vec<ShowId>, CliError> {
    for show in named {
        if show.theater() != theater.theater_id || store.show(*show).await?.is_none() {
            return Err(CliError::Refused(format!(
                "{} has no show {show}",
                theater.name
            )));
        }
    }
    Ok(named.to_vec())
}

/// A time; of a day of the theater's its beginning, so many days later.
pub(super) fn moment(theater: &Theater, text: &str, days: u64) -> Result<DateTime<Utc>, CliError> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day: Option<NaiveDate> = text.parse().ok();
    let midnight = day
        .and_then(|day| day.checked_add_days(Days::new(days)))
        .and_then(|day| {
            // Where midnight is skipped the day begins an hour later.
            (0..3).find_map(|hour| {
                let at = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
                at.and_local_timezone(theater.time_zone).earliest()
            })
        });
    midnight.map(|at| at.to_utc()).ok_or_else(|| {
        CliError::Refused(format!(
            "{text} is neither a day (2026-12-01) nor a time (2026-12-01T18:00:00Z)"
        ))
    })
}

fn line(row: &PromoRow) -> String {
    let (promo, terms) = (&row.promo, &row.promo.terms);
    let off = match terms.discount {
        Discount::Fixed(amount) => amount.to_string(),
        Discount::Percent(points) => format!("{}.{:02} %", points / 100, points % 100),
    };
    let most = promo
        .max_uses
        .map_or_else(String::new, |most| format!(" of {most}"));
    let mut parts = vec![
        format!("{} {off}", promo.code),
        format!("used {}{most}", row.used),
        format!("from {}", time(promo.starts_at)),
    ];
    parts.extend((promo.uses_per_customer).map(|each| format!("at most {each} for each customer")));
    parts.extend(promo.ends_at.map(|end| format!("until {}", time(end))));
    let lists = [
        ("ticket types", terms.ticket_types.join(" ")),
        ("movies", words(&terms.movies)),
        ("shows", words(&terms.shows)),
        ("weekdays", words(&terms.weekdays)),
    ];
    let lists = lists.iter().filter(|(_, list)| !list.is_empty());
    parts.extend(lists.map(|(what, list)| format!("{what} {list}")));
    if terms.combines_with_reduced {
        parts.push("also on reduced tickets".into());
    }
    parts.join(", ")
}

fn words<T: ToString>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// A time as the command line prints it.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
