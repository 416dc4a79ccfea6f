//! Hello-world JSON on bare axum, in a process of its own: what any server of this kind costs.

use crate::failure::Failure;
use axum::{Router, http::header, routing::get};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tokio::net::TcpListener;

/// The child's side: prints its address and answers until it is killed or its parent is gone.
pub fn serve() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::thread::spawn(|| {
            // Our parent holds the other end; when it closes, however it ended, there is nobody to answer.
            let _ = std::io::stdin().read_line(&mut String::new());
            std::process::exit(0);
        });
        let json = [(header::CONTENT_TYPE, "application/json")];
        let hello = async move || (json, r#"{"hello":"world"}"#);
        axum::serve(listener, Router::new().route("/", get(hello))).await?;
        Ok(())
    })
}

/// The parent's side.
pub struct HelloProcess {
    child: Child,
    address: SocketAddr,
}

impl HelloProcess {
    pub fn start() -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("hello")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .parse()
            .map_err(|_| Failure::Server(format!("hello-world did not start: {line}")))?;
        Ok(Self { child, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for HelloProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
