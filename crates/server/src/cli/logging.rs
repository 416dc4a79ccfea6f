//! Logs go to stderr; stdout belongs to the answers of commands.

use super::CliError;
use crate::config::LogFormat;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging with a filter such as `info` or `matinee_server=debug`.
pub(super) fn start(filter: &str, format: LogFormat) -> Result<(), CliError> {
    let wrong = || {
        CliError::Refused(format!(
            "--log-level: {filter} is not a level or filter, e.g. info"
        ))
    };
    let filter = EnvFilter::builder().parse(filter).map_err(|_| wrong())?;
    let text = (format == LogFormat::Text)
        .then(|| fmt::layer().with_writer(std::io::stderr).with_ansi(false));
    let json =
        (format == LogFormat::Json).then(|| fmt::layer().json().with_writer(std::io::stderr));
    // A second subscriber is refused: then the one that is there goes on.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(text)
        .with(json)
        .try_init();
    Ok(())
}
