//! E-mail: to an SMTP server, or, for a theater that has none yet, into a folder of `.eml` files.
//!
//! Only sending: what is said is rendered by the caller, what was sent is recorded by the outbox.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment as Part, Mailbox, MultiPart, SinglePart, header::ContentType},
};
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Longest a delivery may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A file that travels with a mail.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub name: String,
    /// MIME type.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A mail to send.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub attachments: Vec<Attachment>,
    /// The same for every attempt, so that a mail sent twice can be told by its reader's program.
    pub message_id: String,
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It never will: the address or the content is not sendable.
    #[error("the mail cannot be sent: {0}")]
    Unsendable(String),
    /// It may later.
    #[error("the mail was not taken: {0}")]
    NotTaken(String),
}

/// Why mail could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailSetUpError {
    #[error("the SMTP address cannot be used: {0}")]
    Smtp(String),
    #[error("the sender {0} is not a mail address")]
    Sender(String),
    #[error("the mail folder {0} cannot be made: {1}")]
    Folder(PathBuf, std::io::Error),
}

enum Route {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(MailFolder),
}

/// Sends mail.
pub struct Mailer {
    route: Route,
    from: Mailbox,
}

fn sender(from: &str) -> Result<Mailbox, MailSetUpError> {
    from.parse()
        .map_err(|_| MailSetUpError::Sender(from.to_owned()))
}

impl Mailer {
    /// Sends through an SMTP server, e.g. `smtps://user:password@mail.example.com`.
    pub fn smtp(url: &str, from: &str) -> Result<Self, MailSetUpError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        // The address may hold a password: the error must not repeat it.
        let builder = builder.map_err(|_| {
            MailSetUpError::Smtp("write it as smtp(s)://[user:password@]host[:port]".into())
        })?;
        let route = Route::Smtp(builder.timeout(Some(TIMEOUT)).build());
        Ok(Self {
            route,
            from: sender(from)?,
        })
    }

    /// Writes into a folder, which is made when it is missing. Mails hold names, tickets and links that sign people in:
    /// the folder and its files are their owner's alone.
    pub fn folder(folder: &Path, from: &str) -> Result<Self, MailSetUpError> {
        let folder = MailFolder::make(folder)
            .map_err(|error| MailSetUpError::Folder(folder.to_owned(), error))?;
        Ok(Self {
            route: Route::Folder(folder),
            from: sender(from)?,
        })
    }

    /// Sends one mail.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match &self.route {
            Route::Smtp(smtp) => match smtp.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(MailError::Unsendable(error.to_string())),
                Err(error) => Err(MailError::NotTaken(error.to_string())),
            },
            Route::Folder(folder) => {
                let (file, bytes) = (folder.next_file(), message.formatted());
                let written = tokio::task::spawn_blocking(move || write_whole(&file, &bytes)).await;
                written
                    .map_err(io::Error::other)
                    .and_then(|written| written)
                    .map_err(|error| MailError::NotTaken(error.to_string()))
            }
        }
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let unsendable = |error: String| MailError::Unsendable(error);
        let to: Mailbox = mail
            .to
            .parse()
            .map_err(|_| unsendable("the address cannot be read".into()))?;
        let mut body =
            MultiPart::mixed().multipart(MultiPart::alternative_plain_html(mail.text, mail.html));
        for attachment in mail.attachments {
            let kind = ContentType::parse(&attachment.media_type)
                .map_err(|error| unsendable(error.to_string()))?;
            let part: SinglePart = Part::new(attachment.name).body(attachment.bytes, kind);
            body = body.singlepart(part);
        }
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .message_id(Some(mail.message_id))
            .multipart(body)
            .map_err(|error| unsendable(error.to_string()))
    }
}

/// A folder of mails, a file each, named so that they sort as they came.
struct MailFolder {
    folder: PathBuf,
    written: AtomicU64,
}

impl MailFolder {
    fn make(folder: &Path) -> io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            written: AtomicU64::new(0),
        })
    }

    fn next_file(&self) -> PathBuf {
        let at = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = at.unwrap_or_default().as_micros();
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        self.folder
            .join(format!("{micros:016}-{process}-{number}.eml"))
    }
}

/// Writes a file that nobody else may read, under its name only once it is whole.
fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = file.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&partial)?.write_all(bytes)?;
    std::fs::rename(&partial, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            to: "guest@example.com".into(),
            subject: "Your tickets: Amélie".into(),
            text: "Row G".into(),
            html: "<p>Row G</p>".into(),
            attachments: vec![Attachment {
                name: "tickets.pdf".into(),
                media_type: "application/pdf".into(),
                bytes: vec![1],
            }],
            message_id: "<n1@matinee>".into(),
        }
    }

    #[tokio::test]
    async fn a_folder_gets_a_whole_mail() {
        let folder = tempfile::tempdir().unwrap();
        let mailer =
            Mailer::folder(&folder.path().join("mail"), "Matinee <tickets@example.com>").unwrap();
        mailer.send(mail()).await.unwrap();
        let file = std::fs::read_dir(folder.path().join("mail"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        for part in [
            "To: guest@example.com",
            "Message-ID: <n1@matinee>",
            "multipart/alternative",
            "tickets.pdf",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_of_mails_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mails = folder.path().join("mail");
        let mailer = Mailer::folder(&mails, "tickets@example.com").unwrap();
        for _ in 0..3 {
            mailer.send(mail()).await.unwrap();
        }
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&mails), 0o700);
        let files: Vec<_> = std::fs::read_dir(&mails)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 3, "{files:?}");
        for file in files {
            assert_eq!(file.extension().unwrap(), "eml");
            assert_eq!(mode(&file), 0o600);
        }
    }

    #[tokio::test]
    async fn what_can_never_be_sent_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::folder(folder.path(), "tickets@example.com").unwrap();
        let sent = mailer
            .send(Mail {
                to: "nobody".into(),
                ..mail()
            })
            .await;
        assert!(matches!(sent, Err(MailError::Unsendable(_))), "{sent:?}");
        assert!(Mailer::folder(folder.path(), "not an address").is_err());
        assert!(
            Mailer::smtp("ftp://x:secret@y", "a@example.com")
                .err()
                .is_some_and(|e| !e.to_string().contains("secret"))
        );
    }
}
