//! TLS before a broker that has none of its own: it shows the certificate it was given last, and passes bytes on.

use super::certificates::Shown;
use crate::TestError;
use std::sync::{Arc, Mutex};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// Ends with its owner.
pub struct Front {
    port: u16,
    shown: Arc<Mutex<Arc<rustls::ServerConfig>>>,
    task: JoinHandle<()>,
}

impl Front {
    pub async fn start(target: u16, shown: &Shown) -> Result<Self, TestError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shown = Arc::new(Mutex::new(shown.server()?));
        let showing = Arc::clone(&shown);
        let task = tokio::spawn(async move {
            while let Ok((peer, _)) = listener.accept().await {
                let config = Arc::clone(&showing.lock().expect("nobody panicked"));
                tokio::spawn(async move {
                    let mut inside = TlsAcceptor::from(config).accept(peer).await?;
                    let mut broker = TcpStream::connect(("127.0.0.1", target)).await?;
                    tokio::io::copy_bidirectional(&mut inside, &mut broker).await
                });
            }
        });
        Ok(Self { port, shown, task })
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Shows another certificate to whoever comes from now on.
    pub fn show(&self, shown: &Shown) -> Result<(), TestError> {
        *self.shown.lock().expect("nobody panicked") = shown.server()?;
        Ok(())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}
