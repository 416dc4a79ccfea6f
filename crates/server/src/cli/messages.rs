//! `messages`: what the outbox holds, what was given up, and sending it again; previews of what messages say.

use super::{CliError, DatabaseArg};
use crate::messages::{Kind, LANGUAGES, Language, computers, preview};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use matinee_domain::ids::NotificationId;
use matinee_store::{
    Store, StoreError,
    outbox::{MessageQuery, MessageRow, MessageStatus},
};

/// Messages read at a time.
const PAGE: u16 = 1_000;
/// Ids one command may name.
const NAMED: u16 = 10_000;

#[derive(Subcommand)]
pub(super) enum MessagesCommand {
    /// Show messages, newest first: where each stands, when it is tried next, and why it did not go out
    List(ListArgs),
    /// Send messages again that were given up, or were sent: by their ids, or all that fit
    Resend(ResendArgs),
    /// Show what a message says, filled in with an invented booking; needs no database
    Preview(PreviewArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Pending,
    Sent,
    Failed,
}

impl From<Status> for MessageStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Sent => Self::Sent,
            Status::Failed => Self::Failed,
        }
    }
}

#[derive(Args)]
struct Which {
    /// Only these; `failed` are the dead letters
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// Only of this channel: email, sms, web_push, fcm, apns, app, webhook, kafka, nats, sqs
    #[arg(long)]
    channel: Option<String>,
    /// Only to this recipient: an address, user:ID, subscription:ID, webhook:ID or outlet:CHANNEL
    #[arg(long)]
    recipient: Option<String>,
    /// Only written at or after this time, e.g. 2030-05-03T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<DateTime<Utc>>,
}

impl Which {
    fn query(&self, limit: u16) -> MessageQuery {
        MessageQuery {
            status: self.status.map(Into::into),
            channel: self.channel.clone(),
            recipient: self.recipient.clone(),
            since: self.since,
            limit,
            ..MessageQuery::default()
        }
    }
    const fn is_everything(&self) -> bool {
        self.status.is_none()
            && self.channel.is_none()
            && self.recipient.is_none()
            && self.since.is_none()
    }
}

#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    which: Which,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct ResendArgs {
    /// Ids as `messages list` shows them
    ids: Vec<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Html,
    Short,
}

#[derive(Args)]
pub(super) struct PreviewArgs {
    /// confirmation, cancellation, refund, payment_failed, reminder, change, show_cancelled, recovery,
    /// password_reset, email_verification
    kind: Kind,
    /// Language of the words
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
    /// Country of the theater (ISO 3166), which decides how money and times are written
    #[arg(long, default_value = "DE")]
    country: String,
    /// The mail as text or HTML, or what phones get
    #[arg(long, value_enum, default_value_t = Form::Text)]
    form: Form,
    #[command(flatten)]
    _database: DatabaseArg,
}

fn language(text: &str) -> Result<Language, String> {
    Language::of(text).ok_or_else(|| format!("there are words in {}", LANGUAGES.join(", ")))
}

/// Runs a `messages` command.
pub(super) async fn run(command: MessagesCommand) -> Result<(), CliError> {
    match command {
        MessagesCommand::Preview(args) => show_preview(&args),
        MessagesCommand::List(args) => {
            let store = args.database.open_existing().await?;
            let rows = store.messages(args.which.query(args.limit)).await;
            store.close().await;
            for row in rows? {
                println!("{}", line(&row));
            }
            Ok(())
        }
        MessagesCommand::Resend(args) => {
            let store = args.database.open_existing().await?;
            let done = resend(&*store, &args).await;
            store.close().await;
            done
        }
    }
}

fn show_preview(args: &PreviewArgs) -> Result<(), CliError> {
    let letter = preview::preview(args.kind, args.language, &args.country)
        .map_err(|error| CliError::Refused(error.to_string()))?;
    match args.form {
        Form::Text => println!("Subject: {}\n\n{}", letter.subject, letter.text.trim_end()),
        Form::Html => println!("{}", letter.html),
        Form::Short => println!("{}", letter.short),
    }
    Ok(())
}

/// A message on one line: id, state, channel, kind, recipient, booking, and what there is to say of its state.
fn line(row: &MessageRow) -> String {
    let state = match row.status {
        MessageStatus::Pending => "pending",
        MessageStatus::Sent => "sent",
        MessageStatus::Failed => "failed",
    };
    let recipient = if row.recipient.is_empty() {
        "(erased)"
    } else {
        &row.recipient
    };
    let booking = row
        .booking_id
        .map_or_else(|| "-".to_owned(), |id| id.to_string());
    let mut said = vec![format!(
        "{} {state} {} {} {recipient} {booking} written {}",
        row.notification_id,
        row.channel,
        row.kind,
        time(row.created_at)
    )];
    match (row.status, row.sent_at) {
        (MessageStatus::Pending, _) => said.push(match computers::waits_until(row) {
            Some(until) => format!("waits for the app until {}", time(until)),
            None => format!("due {}", time(row.due_at)),
        }),
        (MessageStatus::Sent, Some(at)) => said.push(format!("sent {}", time(at))),
        _ => {}
    }
    if row.attempts > 0 {
        said.push(format!("attempts {}", row.attempts));
    }
    let line = said.join(", ");
    match &row.last_error {
        Some(error) => format!("{line}: {error}"),
        None => line,
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

async fn resend(store: &dyn Store, args: &ResendArgs) -> Result<(), CliError> {
    if args.ids.is_empty() && args.which.is_everything() {
        return Err(CliError::Refused(
            "name messages by their ids, or say which: --status failed sends all that were given up".into(),
        ));
    }
    let mut query = args.which.query(PAGE);
    query.ids = named(store, &args.ids, &query).await?;
    let (mut again, mut left) = (0, 0);
    loop {
        let rows = store.messages(query.clone()).await?;
        for row in &rows {
            match resend_one(store, row).await? {
                None => again += 1,
                Some(why) => {
                    left += 1;
                    println!("{} was left: {why}", row.notification_id);
                }
            }
        }
        match rows.last() {
            Some(last) if rows.len() == usize::from(PAGE) => {
                query.after = Some((last.created_at, last.notification_id));
            }
            _ => break,
        }
    }
    println!("{again} messages go out again, {left} were left");
    Ok(())
}

/// The named ones, if all of them are there and fit.
async fn named(
    store: &dyn Store,
    ids: &[String],
    query: &MessageQuery,
) -> Result<Vec<NotificationId>, CliError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let missing = |id: &String| {
        CliError::Refused(format!("there is no message {id}; nothing was sent again"))
    };
    let parsed = ids.iter().map(|id| id.parse().map_err(|_| missing(id)));
    let known = parsed.collect::<Result<Vec<NotificationId>, _>>()?;
    let rows = store
        .messages(MessageQuery {
            ids: known.clone(),
            limit: NAMED,
            ..query.clone()
        })
        .await?;
    let there = |id: &NotificationId| rows.iter().any(|row| row.notification_id == *id);
    match known.iter().position(|id| !there(id)) {
        Some(at) => Err(missing(&ids[at])),
        None => Ok(known),
    }
}

/// Sends a message again, or says why not.
async fn resend_one(
    store: &dyn Store,
    row: &MessageRow,
) -> Result<Option<&'static str>, StoreError> {
    let id = row.notification_id;
    if row.kind.parse().is_ok_and(Kind::holds_a_secret) {
        return Ok(Some("its link is forgotten; the person asks for a new one"));
    }
    if row.recipient.is_empty() {
        return Ok(Some("the account was erased"));
    }
    let resent = store.resend_message(row.booking_id, id, Utc::now()).await?;
    Ok((!resent).then_some("it waits to go out already"))
}
