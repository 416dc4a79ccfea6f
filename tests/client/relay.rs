//! What stands between the app and the server: a relay that can lose an answer, or the server altogether.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Default)]
struct State {
    target: Mutex<Option<SocketAddr>>,
    answers_to_lose: AtomicU32,
    answered_bytes: AtomicUsize,
}

/// A fixed address in front of a server that comes and goes.
pub struct Relay {
    url: String,
    state: Arc<State>,
    /// Cuts every connection when it changes.
    cut: watch::Sender<u32>,
}

impl Relay {
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let relay = Self {
            url: own,
            state: Arc::default(),
            cut: watch::Sender::new(0),
        };
        relay.point_to(url);
        let (state, cut) = (relay.state.clone(), relay.cut.subscribe());
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(carry(caller, state.clone(), cut.clone()));
            }
        });
        relay
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn point_to(&self, url: &str) {
        let address = url.trim_start_matches("http://").parse().unwrap();
        *self.state.target.lock().unwrap() = Some(address);
    }

    /// The network is gone, for open connections too.
    pub fn point_nowhere(&self) {
        *self.state.target.lock().unwrap() = None;
        self.cut.send_modify(|count| *count += 1);
    }

    /// The next answer does not arrive: the server did the work, the caller does not know.
    pub fn lose_answers(&self, count: u32) {
        self.state.answers_to_lose.store(count, Ordering::SeqCst);
    }

    /// Answers still to be lost.
    pub fn to_lose(&self) -> u32 {
        self.state.answers_to_lose.load(Ordering::SeqCst)
    }

    /// Bytes the server answered since the last time this was asked.
    pub fn take_answered_bytes(&self) -> usize {
        self.state.answered_bytes.swap(0, Ordering::SeqCst)
    }
}

async fn carry(caller: TcpStream, state: Arc<State>, mut cut: watch::Receiver<u32>) {
    cut.mark_unchanged();
    let target = *state.target.lock().unwrap();
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = async { tokio::io::copy(&mut from_caller, &mut to_server).await };
    let answering = async {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            match from_server.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    let lost = state.answers_to_lose.fetch_update(
                        Ordering::SeqCst,
                        Ordering::SeqCst,
                        |n| n.checked_sub(1),
                    );
                    if lost.is_ok() {
                        return;
                    }
                    state.answered_bytes.fetch_add(count, Ordering::SeqCst);
                    if to_caller.write_all(&bytes[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
        _ = cut.changed() => {}
    }
}
