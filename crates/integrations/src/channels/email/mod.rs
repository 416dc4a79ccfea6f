//! E-mail: to an SMTP server, or, for a theater that has none yet, into a folder of `.eml` files.
//!
//! Each mail has a connection of its own. One that is kept open can die unnoticed behind a firewall, and one that was given
//! up between a command and its answer must never carry another mail: the library's pool would hand out both.

mod compose;
mod folder;

use super::{Channel, Medium, Parcel, Recipient, SendError, wrong_recipient};
use async_trait::async_trait;
use folder::MailFolder;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{self, response::Severity},
};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Longest a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest a delivery may take altogether: the library waits without end for the answer to a command.
const TIMEOUT: Duration = Duration::from_mins(1);
const REMEDY: &str = "Check user name and password in MATINEE_SMTP_URL, and that the account may send as --mail-from";

/// Why mail could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailSetUpError {
    #[error("the SMTP address cannot be used: {0}")]
    Smtp(String),
    #[error("the sender {0} is not a mail address")]
    Sender(String),
    #[error("the mail folder {0} cannot be made: {1}")]
    Folder(PathBuf, io::Error),
}

enum Route {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(MailFolder),
}

/// Sends mail.
pub struct Email {
    route: Route,
    from: Mailbox,
    /// What message ids end with.
    host: String,
}

fn sender(from: &str) -> Result<Mailbox, MailSetUpError> {
    from.parse()
        .map_err(|_| MailSetUpError::Sender(from.to_owned()))
}

impl Email {
    /// Sends through an SMTP server, e.g. `smtps://user:password@mail.example.com`. `host` ends message ids.
    pub fn smtp(url: &str, from: &str, host: &str) -> Result<Self, MailSetUpError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        // The address may hold a password: the error must not repeat it.
        let builder = builder.map_err(|_| {
            MailSetUpError::Smtp("write it as smtp(s)://[user:password@]host[:port]".into())
        })?;
        let route = Route::Smtp(builder.timeout(Some(CONNECT_TIMEOUT)).build());
        Self::new(route, from, host)
    }

    /// Writes into a folder, which is made when it is missing. Mails hold names, tickets and links that sign people in:
    /// the folder and its files are their owner's alone.
    pub fn folder(folder: &Path, from: &str, host: &str) -> Result<Self, MailSetUpError> {
        let folder = MailFolder::make(folder)
            .map_err(|error| MailSetUpError::Folder(folder.to_owned(), error))?;
        Self::new(Route::Folder(folder), from, host)
    }

    fn new(route: Route, from: &str, host: &str) -> Result<Self, MailSetUpError> {
        let from = sender(from)?;
        let host = host.to_owned();
        Ok(Self { route, from, host })
    }

    /// The mail as it would go out.
    pub fn compose(&self, parcel: &Parcel) -> Result<Message, SendError> {
        let Recipient::Mailbox(to) = &parcel.to else {
            return Err(wrong_recipient());
        };
        compose::message(&self.from, to, &self.host, parcel)
    }
}

#[async_trait]
impl Channel for Email {
    fn medium(&self) -> Medium {
        Medium::Email
    }

    fn provider(&self) -> &'static str {
        match self.route {
            Route::Smtp(_) => "smtp",
            Route::Folder(_) => "folder",
        }
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), SendError> {
        let message = self.compose(parcel)?;
        match &self.route {
            Route::Smtp(smtp) => match tokio::time::timeout(TIMEOUT, smtp.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(judge(&error)),
                Err(_) => Err(SendError::temporary("the mail server stopped answering")),
            },
            Route::Folder(mails) => {
                let (file, bytes) = (mails.next_file(), message.formatted());
                let written =
                    tokio::task::spawn_blocking(move || folder::write_whole(&file, &bytes)).await;
                written
                    .map_err(io::Error::other)
                    .and_then(|written| written)
                    .map_err(SendError::temporary)
            }
        }
    }
}

/// Whose fault it is. Servers that do not know us say so with codes that would be the recipient's fault elsewhere.
fn judge(error: &smtp::Error) -> SendError {
    let why = error.to_string();
    let Some(code) = error.status() else {
        return match () {
            // The address has letters that this server takes in no address (RFC 6531).
            () if why.contains("non-ascii") => SendError::Unsendable(why),
            // The client gives up by itself when the server offers no way to sign in that fits.
            () if error.is_client() => SendError::Refused {
                why,
                remedy: REMEDY,
            },
            () => SendError::temporary(why),
        };
    };
    let reply = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    let number = code.to_string();
    match number.as_str() {
        // Sign-in needed, wrong, too weak or expired.
        "454" | "530" | "534" | "535" | "538" => SendError::Refused {
            why,
            remedy: REMEDY,
        },
        // A sender we may not use, a machine nobody wants mail of.
        "550" | "553" | "554" if is_about_us(&reply) => SendError::Doubtful {
            why,
            remedy: REMEDY,
        },
        _ if code.severity == Severity::PermanentNegativeCompletion => SendError::Unsendable(why),
        _ => SendError::temporary(why),
    }
}

/// What servers say when they do not want mail from us. A code alone is not enough: the same ones are given for recipients,
/// and one bad address must not stop all mail.
fn is_about_us(reply: &str) -> bool {
    let reply = without_addresses(&reply.to_ascii_lowercase());
    let words = [
        "sender address rejected",
        "not allowed to send as",
        "relay access denied",
        "relaying denied",
        "client host [",
        "sending limit",
        "sending quota",
    ];
    // Exchange's word for "not as this sender" is a number: only where such numbers stand.
    reply.starts_with("5.7.60 ") || words.iter().any(|words| reply.contains(words))
}

/// A reply without what it may quote of the mail: whoever chose the address chose those words.
fn without_addresses(reply: &str) -> String {
    let mut plain = String::new();
    let mut rest = reply;
    while let Some(at) = rest.find(['<', '"']) {
        let end = if rest[at..].starts_with('<') {
            '>'
        } else {
            '"'
        };
        plain.push_str(&rest[..at]);
        // What is not closed is quoted to its end.
        rest = rest[at + 1..].split_once(end).map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    let words = plain.split_whitespace().filter(|word| !word.contains('@'));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
