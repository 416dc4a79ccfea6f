//! `webhooks`: integrators' servers that are told of bookings.

use super::{CliError, DatabaseArg};
use crate::{
    messages::{
        Kind,
        channels::WEBHOOK_KEY,
        people::{names_webhook, webhook_secret},
    },
    system::SystemEntropy,
};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use matinee_booking::Entropy;
use matinee_domain::ids::WebhookId;
use matinee_integrations::channels::{outward::Reach, webhook::check_address};
use matinee_store::{Store, subscribers::WebhookRow};

/// The secret before a new one signs too for so long.
const BOTH: TimeDelta = TimeDelta::days(1);

#[derive(Subcommand)]
pub(super) enum WebhooksCommand {
    /// Call an address from now on; prints the secret its receiver checks signatures with
    Add(AddArgs),
    /// Show the addresses that are called
    List(ListArgs),
    /// Print a new secret; the old one signs too for a day
    Rotate(OneArgs),
    /// Call an address again that was stopped because its receiver said so
    Resume(OneArgs),
    /// Call an address no more
    Remove(OneArgs),
}

#[derive(Args)]
pub(super) struct AddArgs {
    /// A public https address
    url: String,
    /// Only messages of these kinds: confirmation, cancellation, refund, payment_failed, change, show_cancelled [default: all]
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,
    /// Take an address that is not public or without TLS; the server needs --private-targets to call it
    #[arg(long)]
    private: bool,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct OneArgs {
    /// The id as `webhooks list` shows it
    id: String,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs a `webhooks` command.
pub(super) async fn run(command: WebhooksCommand) -> Result<(), CliError> {
    let database = match &command {
        WebhooksCommand::Add(args) => &args.database,
        WebhooksCommand::List(args) => &args.database,
        WebhooksCommand::Rotate(args)
        | WebhooksCommand::Resume(args)
        | WebhooksCommand::Remove(args) => &args.database,
    };
    let store = database.open_existing().await?;
    let done = act(&*store, &command).await;
    store.close().await;
    done
}

async fn act(store: &dyn Store, command: &WebhooksCommand) -> Result<(), CliError> {
    match command {
        WebhooksCommand::Add(args) => add(store, args).await,
        WebhooksCommand::List(_) => {
            for row in store.webhooks().await? {
                println!("{}", line(&row));
            }
            Ok(())
        }
        WebhooksCommand::Rotate(args) => {
            let mut row = named(store, &args.id).await?;
            row.generation += 1;
            row.previous_until = Some(Utc::now() + BOTH);
            store.save_webhook(row.clone()).await?;
            println!("the new secret is {}", secret(store, &row).await?);
            println!("the old one signs too until tomorrow");
            Ok(())
        }
        WebhooksCommand::Resume(args) => {
            let mut row = named(store, &args.id).await?;
            row.stopped = None;
            store.save_webhook(row.clone()).await?;
            let to = names_webhook(row.webhook_id);
            println!(
                "{} is called again; what it missed: messages resend --status failed --recipient {to}",
                row.url
            );
            Ok(())
        }
        WebhooksCommand::Remove(args) => {
            let row = named(store, &args.id).await?;
            store.remove_webhook(row.webhook_id).await?;
            println!("{} is called no more", row.url);
            Ok(())
        }
    }
}

async fn add(store: &dyn Store, args: &AddArgs) -> Result<(), CliError> {
    let reach = if args.private {
        Reach::Anywhere
    } else {
        Reach::Public
    };
    let url = check_address(&args.url, reach)
        .map_err(|why| CliError::Refused(format!("{}: {why}", args.url)))?;
    if let Some(kind) = args.kinds.iter().find(|kind| kind.event().is_none()) {
        return Err(CliError::Refused(format!(
            "integrators are not told of {kind}"
        )));
    }
    let entropy: &dyn Entropy = &SystemEntropy;
    let row = WebhookRow {
        webhook_id: WebhookId::from_bytes(entropy.bytes()),
        url: url.into(),
        kinds: args.kinds.iter().map(ToString::to_string).collect(),
        generation: 1,
        previous_until: None,
        stopped: None,
        created_at: Utc::now(),
    };
    store.save_webhook(row.clone()).await?;
    println!("{} is {}", row.url, row.webhook_id);
    println!("its secret is {}", secret(store, &row).await?);
    Ok(())
}

async fn named(store: &dyn Store, id: &str) -> Result<WebhookRow, CliError> {
    let hooks = store.webhooks().await?;
    let found = hooks
        .into_iter()
        .find(|row| row.webhook_id.to_string() == id);
    found.ok_or_else(|| {
        CliError::Refused(format!(
            "there is no webhook {id}; `webhooks list` shows them"
        ))
    })
}

/// As receivers' libraries take it.
async fn secret(store: &dyn Store, row: &WebhookRow) -> Result<String, CliError> {
    let entropy: &dyn Entropy = &SystemEntropy;
    let key = store.secret_key(WEBHOOK_KEY, entropy.bytes()).await?;
    let secret = webhook_secret(&key, row.webhook_id, row.generation);
    Ok(format!("whsec_{}", BASE64.encode(&secret)))
}

fn line(row: &WebhookRow) -> String {
    let kinds = if row.kinds.is_empty() {
        "all".to_owned()
    } else {
        row.kinds.join(",")
    };
    let state = row
        .stopped
        .as_ref()
        .map_or_else(String::new, |why| format!(" stopped: {why}"));
    format!("{} {} {kinds}{state}", row.webhook_id, row.url)
}
