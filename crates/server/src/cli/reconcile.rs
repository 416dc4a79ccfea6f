//! `reconcile`: our books against the payment gateway's, beside a running server or without one. It exits 0 when they
//! agree, 1 when they differ and 2 when they could not be compared, so that a program that calls it can tell.
//!
//! It takes the options of `serve`, since it needs the same gateway and the same secrets.

use super::CliError;
use crate::{
    config::{Config, Options},
    engine,
    serve::compare_books,
};
use chrono::{NaiveDate, TimeDelta, Utc};
use clap::Args;

#[derive(Args)]
pub(super) struct ReconcileArgs {
    /// First day to compare, in UTC [default: yesterday]
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<NaiveDate>,
    /// Last day to compare, in UTC [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    options: Options,
}

/// Compares and reports.
pub(super) async fn run(args: ReconcileArgs) -> Result<(), CliError> {
    compare(args).await.map_err(|error| match error {
        CliError::Said => error,
        error => CliError::NotDone(Box::new(error)),
    })
}

async fn compare(args: ReconcileArgs) -> Result<(), CliError> {
    let today = Utc::now().date_naive();
    let from = args.from.unwrap_or(today - TimeDelta::days(1));
    let to = args.to.unwrap_or(today);
    if to < from {
        return Err(CliError::Refused(format!(
            "--to {to} lies before --from {from}"
        )));
    }
    let options = args
        .options
        .with_environment(|name| std::env::var(name).ok());
    let config = Config::without_serving(options)?;
    let start = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    let store = engine::open_offline(&config.database).await?;
    let compared =
        compare_books(&config, &store, start(from), start(to) + TimeDelta::days(1)).await;
    store.close().await;
    let Some(compared) = compared? else {
        return Err(CliError::Refused(
            "there is no list to compare with: name the gateway and its secrets as for serve, e.g. --gateway stripe (the \
             sandbox's books stand in the same database; `verify` compares those)"
                .into(),
        ));
    };
    println!(
        "compared {} payments with {} charges from {from} to {to}",
        compared.payments, compared.charges
    );
    if compared.differences.is_empty() {
        println!("our books and the gateway's agree");
        return Ok(());
    }
    for difference in &compared.differences {
        println!("DIFFERS {difference}");
    }
    eprintln!(
        "matinee-server: {} differences; docs/payments.md says what each means and what to do",
        compared.differences.len()
    );
    Err(CliError::Said)
}
