//! `gift`: gift cards of a theater. A code is shown when its card is made and never again: only its digest is kept.

use super::{
    CliError, DatabaseArg,
    promo::{TheaterArg, moment, the_theater, time},
};
use crate::system::SystemEntropy;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use matinee_booking::Entropy;
use matinee_domain::{
    catalog::Theater,
    gift::{GiftCard, GiftCode, GiftState},
    ids::{GiftCardId, GiftEntryId, time_ordered},
    limits,
    money::Money,
};
use matinee_store::{
    Store,
    gifts::{GiftEntry, GiftRow, NewGift, digest},
};
use std::io::Write;

/// Cards or entries read at a time.
const PAGE: u16 = 500;
/// The most that one card may be made with, in whole units of the currency.
const MOST: i64 = 10_000;

#[derive(Subcommand)]
pub(super) enum GiftCommand {
    /// Make cards; their codes are printed this once
    Issue(IssueArgs),
    /// Show cards: what is on each, until when
    List(ListArgs),
    /// Let a card pay nothing any more, until it is unblocked; money still goes back to it
    Block(CardArgs),
    /// Let a blocked card pay again
    Unblock(CardArgs),
    /// Show a card's entries: its issue, payments, and what went back
    Show(CardArgs),
}

#[derive(Args)]
pub(super) struct IssueArgs {
    /// What is on each, e.g. 50.00
    #[arg(long, value_name = "AMOUNT")]
    amount: String,
    /// How many cards
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u16,
    /// The last day on which they pay, on the theater's clock [default: they do not end]
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Print a table for a printer or a spreadsheet
    #[arg(long)]
    csv: bool,
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
pub(super) struct CardArgs {
    /// The last four characters of its code, or its id
    card: String,
    #[command(flatten)]
    theater: TheaterArg,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs a `gift` command.
pub(super) async fn run(command: GiftCommand) -> Result<(), CliError> {
    let database = match &command {
        GiftCommand::Issue(args) => &args.database,
        GiftCommand::List(args) => &args.database,
        GiftCommand::Block(args) | GiftCommand::Unblock(args) | GiftCommand::Show(args) => {
            &args.database
        }
    };
    let store = database.open_existing().await?;
    let done = match &command {
        GiftCommand::Issue(args) => issue(&*store, args, Utc::now()).await,
        GiftCommand::List(args) => list(&*store, args).await,
        GiftCommand::Block(args) => set(&*store, args, GiftState::Blocked).await,
        GiftCommand::Unblock(args) => set(&*store, args, GiftState::Active).await,
        GiftCommand::Show(args) => show(&*store, args).await,
    };
    store.close().await;
    done
}

async fn issue(store: &dyn Store, args: &IssueArgs, now: DateTime<Utc>) -> Result<(), CliError> {
    let theater = the_theater(store, &args.theater).await?;
    let amount = amount(&theater, &args.amount)?;
    if args.count == 0 || args.count > limits::GIFTS_AT_ONCE {
        let most = limits::GIFTS_AT_ONCE;
        return Err(CliError::Refused(format!(
            "1 to {most} cards are made at once; nothing was changed"
        )));
    }
    let ends_at = match &args.until {
        Some(day) => Some(moment(&theater, day, 1)?),
        None => None,
    };
    if ends_at.is_some_and(|end| end <= now) {
        return Err(CliError::Refused(
            "that day is over; nothing was changed".into(),
        ));
    }
    let dice: &dyn Entropy = &SystemEntropy;
    let codes = (0..args.count).map(|_| GiftCode::from_random(dice.bytes()));
    let codes: Vec<GiftCode> = codes.collect();
    let cards = codes.iter().map(|code| {
        let own = || time_ordered(now.timestamp_millis(), dice.bytes());
        NewGift {
            card: GiftCard {
                card_id: GiftCardId::from_parts(theater.theater_id, own()),
                last4: code.last4(),
                initial: amount,
                balance: amount,
                state: GiftState::Active,
                ends_at,
            },
            digest: digest(code),
            entry_id: GiftEntryId::from_parts(theater.theater_id, own()),
        }
    });
    store.issue_gifts(cards.collect(), now).await?;
    print(&codes, amount, args)
}

/// The codes, which nothing else knows: losing them would lose the cards, so failing to write them is told.
fn print(codes: &[GiftCode], amount: Money, args: &IssueArgs) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let until = args.until.as_deref().unwrap_or_default();
    if args.csv {
        let text = amount.to_string();
        let (currency, number) = text.split_once(' ').unwrap_or(("", &text));
        writeln!(out, "code,last4,amount,currency,until")?;
        for code in codes {
            writeln!(out, "{code},{},{number},{currency},{until}", code.last4())?;
        }
    } else {
        for code in codes {
            let ends = if until.is_empty() {
                String::new()
            } else {
                format!(", until {until}")
            };
            writeln!(out, "{code} {amount}{ends}")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn amount(theater: &Theater, text: &str) -> Result<Money, CliError> {
    let currency = theater.currency;
    let most = MOST * 10_i64.pow(currency.decimals());
    Money::from_decimal(text, currency)
        .filter(|amount| (1..=most).contains(&amount.amount_minor))
        // What can be paid at all can be paid back.
        .filter(|amount| amount.amount_minor % currency.step_minor() == 0)
        .ok_or_else(|| {
            CliError::Refused(format!(
                "{text} is no amount for a gift card of {} (up to {MOST} {currency}); nothing was changed",
                theater.name
            ))
        })
}

async fn list(store: &dyn Store, args: &ListArgs) -> Result<(), CliError> {
    let theaters = if args.theater.is_named() {
        vec![the_theater(store, &args.theater).await?]
    } else {
        store.theaters().await?
    };
    for theater in theaters {
        for row in cards(store, &theater).await? {
            println!("{} {}", theater.external_id, line(&row));
        }
    }
    Ok(())
}

async fn cards(store: &dyn Store, theater: &Theater) -> Result<Vec<GiftRow>, CliError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.gifts(theater.theater_id, after, PAGE).await?;
        let last = page.len() < usize::from(PAGE);
        after = page.last().map(|row| row.card.card_id);
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

async fn set(store: &dyn Store, args: &CardArgs, state: GiftState) -> Result<(), CliError> {
    let row = the_card(store, args).await?;
    store.set_gift_state(row.card.card_id, state).await?;
    let what = match state {
        GiftState::Blocked => "is blocked",
        GiftState::Active => "pays",
    };
    println!("card …{} {what}", row.card.last4);
    Ok(())
}

async fn show(store: &dyn Store, args: &CardArgs) -> Result<(), CliError> {
    let row = the_card(store, args).await?;
    println!("{}", line(&row));
    let mut after = None;
    loop {
        let page = store.gift_entries(row.card.card_id, after, PAGE).await?;
        for entry in &page {
            println!("{}", moved(entry, &row));
        }
        after = page.last().map(|entry| entry.entry_id);
        if page.len() < usize::from(PAGE) {
            return Ok(());
        }
    }
}

/// A card by its id, or by the end of its code where only one has that.
async fn the_card(store: &dyn Store, args: &CardArgs) -> Result<GiftRow, CliError> {
    let unknown = || {
        CliError::Refused(format!(
            "there is no gift card {}; `gift list` shows them",
            args.card
        ))
    };
    if let Ok(card_id) = args.card.parse::<GiftCardId>() {
        return store.gift(card_id).await?.ok_or_else(unknown);
    }
    let theater = the_theater(store, &args.theater).await?;
    let wanted = args.card.to_ascii_uppercase();
    let mut found = cards(store, &theater).await?;
    found.retain(|row| row.card.last4 == wanted);
    match found.len() {
        0 => Err(unknown()),
        1 => Ok(found.swap_remove(0)),
        _ => {
            let ids: Vec<_> = found
                .iter()
                .map(|row| row.card.card_id.to_string())
                .collect();
            Err(CliError::Refused(format!(
                "{} cards end with {wanted}; name one by its id: {}",
                ids.len(),
                ids.join(", ")
            )))
        }
    }
}

fn line(row: &GiftRow) -> String {
    let card = &row.card;
    let mut parts = vec![
        format!("…{} {} of {}", card.last4, card.balance, card.initial),
        format!("made {}", time(row.created_at)),
    ];
    parts.extend(card.ends_at.map(|end| format!("until {}", time(end))));
    if card.state == GiftState::Blocked {
        parts.push("blocked".into());
    }
    parts.push(card.card_id.to_string());
    parts.join(", ")
}

fn moved(entry: &GiftEntry, row: &GiftRow) -> String {
    let amount = Money::new(entry.amount_minor, row.card.initial.currency);
    let about = entry
        .payment
        .map_or_else(String::new, |(booking, payment)| {
            format!(" booking {booking}, payment {payment}")
        });
    format!("{} {} {amount}{about}", time(entry.at), entry.kind.as_str())
}
