//! Mail in a real inbox.

use crate::{options, until};
use matinee_tests::{Server, message_peers::Inbox, server};
use serde_json::Value;

fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    mail["headers"][name].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_a_mail_with_tickets_and_calendar() {
    let folder = server::demo_folder(true).unwrap();
    let inbox = Inbox::start(folder.path(), None, "secret").await.unwrap();
    let lines = format!("smtp_url = \"{}\"\n", inbox.url("secret"));
    let server = Server::start_in(folder.path(), &options(folder.path(), &lines)).unwrap();
    let guest = server.caller();
    let show = guest.some_show().await;
    let (booking, guest) = guest.buy(show["show_id"].as_str().unwrap(), 2).await;
    let mail = inbox.wait_for(1).await.remove(0);
    assert_eq!(mail["to"][0]["address"], "guest@example.com");
    assert_eq!(mail["from"][0]["address"], "tickets@localhost");
    assert!(
        mail["subject"]
            .as_str()
            .unwrap()
            .contains(booking["movie_name"].as_str().unwrap()),
        "{mail}"
    );
    let id = booking["notifications"][0]["notification_id"]
        .as_str()
        .unwrap();
    assert_eq!(header(&mail, "message-id"), format!("<{id}@127.0.0.1>"));
    assert!(!header(&mail, "date").is_empty(), "{mail}");
    assert_eq!(header(&mail, "auto-submitted"), "auto-generated");
    let reference = booking["reference"].as_str().unwrap();
    for form in ["text", "html"] {
        assert!(
            mail[form].as_str().unwrap().contains(reference),
            "{form}: {mail}"
        );
    }
    let attached: Vec<_> = mail["attachments"].as_array().unwrap().iter().collect();
    let names: Vec<_> = attached
        .iter()
        .map(|file| file["fileName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["tickets.pdf", "show.ics"]);
    let source = inbox.source(&mail).await;
    assert!(source.contains("method=PUBLISH"), "{source}");
    // The booking says so.
    let path = format!("/bookings/{}", booking["booking_id"].as_str().unwrap());
    until("the booking shows its mail as sent", async || {
        guest.get(&path).await.expect(200).json()["notifications"][0]["status"] == "sent"
    })
    .await;
    // Whoever runs the server sends it once more: the same mail, as a mail program can tell.
    let (status, text) =
        server::run(folder.path(), &["messages", "list", "--status", "sent"]).unwrap();
    assert!(
        status.success() && text.contains(id) && text.contains("guest@example.com"),
        "{text}"
    );
    let (status, text) = server::run(folder.path(), &["messages", "resend", id]).unwrap();
    assert!(
        status.success() && text.contains("1 messages go out again"),
        "{text}"
    );
    let again = inbox.wait_for(2).await;
    assert_eq!(
        header(&again[0], "message-id"),
        header(&again[1], "message-id")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_is_lost_by_an_outage_a_wrong_password_or_a_crash() {
    let folder = server::demo_folder(true).unwrap();
    let inbox = Inbox::start(folder.path(), None, "secret").await.unwrap();
    let (port, wrong) = (inbox.port(), inbox.url("expired"));
    let set = |url: &str| options(folder.path(), &format!("smtp_url = \"{url}\"\n"));
    let mut server = Server::start_in(folder.path(), &set(&wrong)).unwrap();
    let caller = server.caller();
    let show = caller.some_show().await;
    caller.buy(show["show_id"].as_str().unwrap(), 1).await;
    // The password was changed: the operator is told what to do, and the message waits with all its attempts.
    until("the operator is told", async || {
        server.log().contains("MATINEE_SMTP_URL")
    })
    .await;
    assert!(
        !server.log().contains("matinee:expired"),
        "no password in the log"
    );
    until("the message says why it waits", async || {
        let (_, text) =
            server::run(folder.path(), &["messages", "list", "--status", "pending"]).unwrap();
        text.contains("the provider refuses us") && !text.contains("attempts")
    })
    .await;
    assert!(inbox.mails().await.is_empty());
    // The mail server goes away, and ours crashes.
    drop(inbox);
    server.kill().unwrap();
    let inbox = Inbox::start(folder.path(), Some(port), "secret")
        .await
        .unwrap();
    let server = Server::start_in(folder.path(), &set(&inbox.url("secret"))).unwrap();
    // It would be tried again in some minutes; nobody has to wait for that here.
    let database = rusqlite::Connection::open(folder.path().join("matinee.db")).unwrap();
    database
        .busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    database
        .execute(
            "UPDATE messages SET due_at = 0 WHERE status = 'pending'",
            [],
        )
        .unwrap();
    let mails = inbox.wait_for(1).await;
    assert_eq!(mails.len(), 1);
    drop(server);
}
