//! What a provider calls itself. The whole way, with a real provider, is in the workspace's `tests/api/openid.rs`.

use super::*;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

/// Plays a provider at `/o/app` that calls itself by that with this end; its address without one.
async fn calls_itself(end: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bare = format!("http://127.0.0.1:{port}/o/app");
    let about = json!({
        "issuer": format!("{bare}{end}"),
        "authorization_endpoint": format!("{bare}/authorize"),
        "token_endpoint": format!("{bare}/token"),
        "jwks_uri": format!("{bare}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut first = String::new();
            stream.read_line(&mut first).await.unwrap();
            let mut line = first.clone();
            while !line.trim().is_empty() {
                line.clear();
                stream.read_line(&mut line).await.unwrap();
            }
            let path = "GET /o/app/.well-known/openid-configuration ";
            let body = if first.starts_with(path) {
                about.to_string()
            } else {
                json!({ "keys": [] }).to_string()
            };
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    bare
}

async fn begin(issuer: String) -> Result<Url, OpenIdError> {
    let settings = OpenIdSettings {
        issuer,
        client_id: "matinee".into(),
        client_secret: None,
        redirect: "http://127.0.0.1:8080/signin/callback".parse().unwrap(),
    };
    let attempt = OpenIdAttempt {
        state: "s".repeat(43),
        nonce: "n".repeat(43),
        verifier: "v".repeat(43),
    };
    OpenIdProvider::new(settings).unwrap().begin(&attempt).await
}

/// Auth0's and Authentik's names end in a slash, others' do not, and operators write either.
#[tokio::test]
async fn an_issuer_may_end_in_a_slash() {
    for named in ["", "/"] {
        let bare = calls_itself(named).await;
        for written in ["", "/"] {
            let url = begin(format!("{bare}{written}")).await;
            let url = url.unwrap_or_else(|error| panic!("{named:?} {written:?}: {error}"));
            assert!(
                url.as_str().starts_with(&format!("{bare}/authorize?")),
                "{url}"
            );
        }
    }
}

/// Who calls itself by another name is not believed.
#[tokio::test]
async fn another_name_is_refused() {
    let bare = calls_itself("/other").await;
    let Err(OpenIdError::Unreachable(why)) = begin(bare).await else {
        panic!("it was believed");
    };
    assert!(why.contains("/o/app/other"), "{why}");
}
