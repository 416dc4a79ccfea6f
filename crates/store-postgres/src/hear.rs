//! Notifications of PostgreSQL, as they come in. What they mean is for [`crate::watch`].

use crate::{connect::Address, failure::OrStoreError as _};
use matinee_store::StoreError;
use std::future::poll_fn;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client};

pub(crate) const CHANNEL: &str = "matinee_seats";
/// What may wait to be taken in; what is beyond is found by the sweep.
const WAITING: usize = 10_000;

/// What reaches a listener.
pub(crate) enum Heard {
    /// By the database: it is as true as what stands in it.
    Notified(String),
    /// By Redis: it says where to look.
    Published(String),
    /// Something may have been missed.
    Gap,
    /// The database's connection is lost.
    Lost,
}

/// A connection that listens, what it hears, and a way in for more of it.
pub(crate) async fn listen(
    address: &Address,
) -> Result<(Client, mpsc::Sender<Heard>, mpsc::Receiver<Heard>), StoreError> {
    let tls = address.tls.clone();
    let (client, mut connection) = address.config.connect(tls).await.db()?;
    let (send, heard) = mpsc::channel(WAITING);
    let more = send.clone();
    tokio::spawn(async move {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    // What does not fit any more is found by the sweep.
                    let _ = send.try_send(Heard::Notified(notification.payload().to_owned()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    // Fails only when nobody listens.
                    let _ = send.send(Heard::Lost).await;
                    return;
                }
            }
        }
    });
    client
        .batch_execute(&format!("LISTEN {CHANNEL}"))
        .await
        .db()?;
    Ok((client, more, heard))
}
