//! Refusals: what closes a channel, and what opens it again.

use super::*;
use matinee_integrations::channels::Letter;

/// Answers what it is told to, or nothing at all.
struct Says(Option<Result<(), SendError>>);

#[async_trait::async_trait]
impl Channel for Says {
    fn medium(&self) -> Medium {
        Medium::Email
    }
    fn provider(&self) -> &'static str {
        "says"
    }
    async fn send(&self, _: &Parcel) -> Result<(), SendError> {
        match &self.0 {
            Some(answer) => answer.clone(),
            None => std::future::pending().await,
        }
    }
}

fn channels(says: Option<Result<(), SendError>>) -> Channels {
    let channel: Arc<dyn Channel> = Arc::new(Says(says));
    Channels {
        channels: BTreeMap::from([(Medium::Email, channel)]),
        refused: Mutex::default(),
        doubts: Mutex::default(),
        push_key: String::new(),
        webhook_key: [0; 32],
        reach: Reach::Public,
    }
}

async fn send(channels: &Channels, to: &str) -> Result<(), SendError> {
    let parcel = Parcel {
        id: [1; 16],
        name: "n1".into(),
        to: Recipient::Mailbox(to.into()),
        letter: Arc::new(Letter::default()),
        now: DateTime::UNIX_EPOCH,
    };
    channels.send(Medium::Email, &parcel).await
}

/// One address, however often it is tried, closes no channel; three that meet the same do, until one gets through.
#[tokio::test]
async fn no_single_recipient_closes_a_channel() {
    let refused = channels(Some(Err(SendError::Doubtful {
        why: "relaying denied".into(),
        remedy: "Mend it",
    })));
    for _ in 0..5 {
        send(&refused, "Eve@example.org").await.unwrap_err();
        send(&refused, "eve@example.org").await.unwrap_err();
    }
    send(&refused, "ada@example.org").await.unwrap_err();
    assert_eq!(refused.refusing(), []);
    send(&refused, "bob@example.org").await.unwrap_err();
    assert_eq!(refused.refusing(), [Medium::Email]);
    // A channel that takes something begins anew.
    let open = channels(Some(Ok(())));
    *open.doubts.lock() = refused.doubts.lock().clone();
    send(&open, "ada@example.org").await.unwrap();
    assert!(open.doubts.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_never_answers_is_given_up() {
    let silent = channels(None);
    let sending = timeout(Duration::from_mins(10), send(&silent, "ada@example.org"));
    let sent = sending.await.expect("it waits without end");
    assert!(matches!(sent, Err(SendError::Temporary { .. })), "{sent:?}");
}

#[tokio::test]
async fn a_provider_that_was_taken_out_is_seen() {
    let mut none = channels(None);
    none.channels.clear();
    send(&none, "ada@example.org").await.unwrap_err();
    assert_eq!(none.refusing(), [Medium::Email]);
}

/// An outlet that is away is looked for with one event at a time, and its return is seen.
#[tokio::test]
async fn an_outlet_that_is_away_is_asked_little() {
    let away = channels(Some(Err(SendError::Away("refused".into()))));
    let now = DateTime::UNIX_EPOCH;
    let (gone, too_large) = (
        SendError::Away("refused".into()),
        SendError::Unsendable("too large".into()),
    );
    let note = |now, error| away.note(Medium::Kafka, "kafka", now, error);
    assert_eq!(away.gate(Medium::Kafka, now), Gate::Open);
    note(now, Some(&gone));
    assert_eq!(away.gate(Medium::Kafka, now), Gate::Shut);
    assert_eq!(away.gate(Medium::Nats, now), Gate::Open);
    assert_eq!(away.refusing(), [Medium::Kafka]);
    let later = now + AWAY_PAUSE;
    assert_eq!(away.gate(Medium::Kafka, later), Gate::Ajar);
    note(later, None);
    assert_eq!(away.gate(Medium::Kafka, later), Gate::Open);
    // What it says of one event closes nothing.
    note(later, Some(&too_large));
    assert_eq!(away.gate(Medium::Kafka, later), Gate::Open);
}

#[test]
fn the_host_of_a_link_is_the_host_of_message_ids() {
    assert_eq!(
        host("https://tickets.example.com:8443/x"),
        "tickets.example.com"
    );
    assert_eq!(host(""), "matinee");
}

#[test]
fn nobodys_address_is_logged() {
    let text = "554 5.7.1 <guest@example.org>: Relay access denied";
    assert_eq!(without_addresses(text), "554 5.7.1 … Relay access denied");
}

#[test]
fn a_push_service_can_write_to_somebody() {
    assert_eq!(
        contact("https://x.example", "a@b.example"),
        "https://x.example"
    );
    assert_eq!(
        contact("http://127.0.0.1:1", "Matinee <a@b.example>"),
        "mailto:a@b.example"
    );
    assert_eq!(
        contact("http://127.0.0.1:1", "a@b.example"),
        "mailto:a@b.example"
    );
}
