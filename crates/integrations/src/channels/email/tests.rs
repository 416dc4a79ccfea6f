//! Mail: its headers and parts, a folder that is its owner's alone, and whose fault a server's answer is.

use super::*;
use crate::channels::{Attachment, Letter, testing};
use std::sync::Arc;

fn parcel(to: &str) -> Parcel {
    let letter = Letter {
        language: "de".into(),
        unsubscribe: Some("https://tickets.example.com/profile".into()),
        attachments: vec![
            Attachment {
                name: "tickets.pdf".into(),
                media_type: "application/pdf".into(),
                bytes: vec![1; 3000],
            },
            Attachment {
                name: "show.ics".into(),
                media_type: "text/calendar; charset=utf-8; method=PUBLISH".into(),
                bytes: b"BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n".to_vec(),
            },
        ],
        ..testing::letter()
    };
    Parcel {
        letter: Arc::new(letter),
        ..testing::parcel(Recipient::Mailbox(to.into()))
    }
}

fn folder_at(folder: &Path) -> Email {
    Email::folder(folder, "Matinee <tickets@example.com>", "example.com").unwrap()
}

#[tokio::test]
async fn a_folder_gets_a_whole_mail() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder_at(&folder.path().join("mail"));
    mail.send(&parcel("guest@example.com")).await.unwrap();
    let mut files = std::fs::read_dir(folder.path().join("mail")).unwrap();
    let file = files.next().unwrap().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    for part in [
        "To: guest@example.com",
        "Message-ID: <n1@example.com>",
        "Date: Fri, 03 May 2030 12:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Language: de",
        "List-Unsubscribe: <https://tickets.example.com/profile>",
        "multipart/alternative",
        "tickets.pdf",
        "text/calendar; charset=utf-8; method=PUBLISH",
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
    let mail = folder_at(&mails);
    for _ in 0..3 {
        mail.send(&parcel("guest@example.com")).await.unwrap();
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
    let mail = folder_at(folder.path());
    let sent = mail.send(&parcel("nobody")).await;
    assert!(matches!(sent, Err(SendError::Unsendable(_))), "{sent:?}");
    let phone = testing::parcel(Recipient::Phone("+491".into()));
    assert_eq!(mail.send(&phone).await, Err(wrong_recipient()));
    assert!(Email::folder(folder.path(), "not an address", "x").is_err());
    assert!(
        Email::smtp("ftp://x:secret@y", "a@example.com", "x")
            .err()
            .is_some_and(|e| !e.to_string().contains("secret"))
    );
}

/// A server that answers each command in turn with the next of these lines, then hangs up.
async fn says(lines: &'static [&'static str]) -> Result<(), SendError> {
    says_to("guest@example.com", lines).await
}

async fn says_to(to: &str, lines: &'static [&'static str]) -> Result<(), SendError> {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for answer in lines {
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut heard = String::new();
            if stream.read_line(&mut heard).await.unwrap_or(0) == 0 {
                return;
            }
        }
    });
    let url = format!("smtp://user:password@127.0.0.1:{port}");
    let mail = Email::smtp(&url, "a@example.com", "example.com").unwrap();
    let sent = mail.send(&parcel(to)).await;
    server.abort();
    sent
}

#[tokio::test]
async fn a_server_that_refuses_our_password_is_the_operators_to_mend() {
    let sent = says(&[
        "220 hi\r\n",
        "250-hi\r\n250 AUTH PLAIN\r\n",
        "535 5.7.8 expired\r\n",
    ])
    .await;
    let Err(error @ SendError::Refused { .. }) = sent else {
        panic!("{sent:?}");
    };
    let text = error.to_string();
    assert!(
        text.contains("MATINEE_SMTP_URL") && text.contains("expired"),
        "{text}"
    );
    assert!(!text.contains("password@"), "{text}");
    // One that offers no way to sign in.
    let sent = says(&["220 hi\r\n", "250 hi\r\n"]).await;
    assert!(matches!(sent, Err(SendError::Refused { .. })), "{sent:?}");
}

#[tokio::test]
async fn a_refused_recipient_is_final_and_a_busy_server_is_not() {
    let sent = says(&[
        "220 hi\r\n",
        "250-hi\r\n250 AUTH PLAIN\r\n",
        "235 ok\r\n",
        "250 ok\r\n",
        "550 5.1.1 no such mailbox\r\n",
    ])
    .await;
    assert!(matches!(sent, Err(SendError::Unsendable(_))), "{sent:?}");
    let sent = says(&[
        "220 hi\r\n",
        "250-hi\r\n250 AUTH PLAIN\r\n",
        "235 ok\r\n",
        "250 ok\r\n",
        "451 4.3.0 later\r\n",
    ])
    .await;
    assert!(matches!(sent, Err(SendError::Temporary { .. })), "{sent:?}");
    // The same code is the recipient's or ours, by its words.
    for (answer, kind) in [
        (
            "554 5.7.1 <guest@example.com>: Recipient address rejected: Access denied\r\n",
            "unsendable",
        ),
        (
            "554 5.7.1 <guest@example.com>: Relay access denied\r\n",
            "refused",
        ),
        ("550 5.7.60 Client does not have permissions\r\n", "refused"),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example\r\n",
            "refused",
        ),
        ("550 5.4.5 Daily user sending limit exceeded\r\n", "refused"),
        // What an address says is nothing about us.
        (
            "550 5.1.1 <5.7.60@kino.example>: Recipient address rejected\r\n",
            "unsendable",
        ),
        (
            "550 5.1.1 <\"relay access denied\"@kino.example>: unknown\r\n",
            "unsendable",
        ),
        (
            "550 5.1.1 \"relay access denied\"@kino.example is unknown\r\n",
            "unsendable",
        ),
        ("550 5.1.1 relaying denied <never closed\r\n", "refused"),
        ("550 5.1.1 unknown <relaying denied\r\n", "unsendable"),
    ] {
        let lines = [
            "220 hi\r\n",
            "250-hi\r\n250 AUTH PLAIN\r\n",
            "235 ok\r\n",
            "250 ok\r\n",
            answer,
        ];
        let lines: &'static [&'static str] = Vec::leak(lines.to_vec());
        assert_eq!(says(lines).await.unwrap_err().outcome(), kind, "{answer}");
    }
    let sent = says(&["421 4.3.2 closed\r\n"]).await;
    assert!(matches!(sent, Err(SendError::Temporary { .. })), "{sent:?}");
    // Nobody listens.
    let mail = Email::smtp("smtp://127.0.0.1:9", "a@example.com", "x").unwrap();
    let sent = mail.send(&parcel("guest@example.com")).await;
    assert!(matches!(sent, Err(SendError::Temporary { .. })), "{sent:?}");
}

/// A server that has no word for such an address says nothing about us.
#[tokio::test]
async fn an_address_a_server_cannot_take_stops_no_other() {
    const LINES: &[&str] = &[
        "220 hi\r\n",
        "250-hi\r\n250 AUTH PLAIN\r\n",
        "235 ok\r\n",
        "221 bye\r\n",
    ];
    let sent = says_to("käyttäjä@example.com", LINES).await;
    assert!(matches!(sent, Err(SendError::Unsendable(_))), "{sent:?}");
}

#[test]
fn a_domain_is_written_as_every_server_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder_at(folder.path());
    let composed = mail.compose(&parcel("guest@esimerkkiä.fi")).unwrap();
    let to = composed.envelope().to()[0].to_string();
    assert_eq!(to, "guest@xn--esimerkki-32a.fi");
}

/// Whoever takes the connection and then says nothing holds up one mail for a while, and nothing for ever.
#[tokio::test(start_paused = true)]
async fn a_server_that_stops_answering_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let mail = Email::smtp(&url, "a@example.com", "example.com").unwrap();
    let parcel = parcel("guest@example.com");
    let sending = tokio::time::timeout(Duration::from_mins(10), mail.send(&parcel));
    let sent = sending.await.expect("it waits without end");
    assert!(matches!(sent, Err(SendError::Temporary { .. })), "{sent:?}");
}
