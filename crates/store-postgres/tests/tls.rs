//! Encrypted connections to a real server with certificates of its own.

#[path = "../../../tests/src/postgres.rs"]
#[allow(dead_code, reason = "not every test program uses all of it")]
mod postgres;

use matinee_store::{Maintenance as _, StoreError, feed::NoFeed};
use matinee_store_postgres::{PostgresOptions, PostgresStore};
use postgres::Postgres;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{path::PathBuf, sync::Arc};

async fn open(url: String) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(PostgresOptions::new(url, Arc::new(NoFeed))).await
}

/// An authority, and a certificate of it for a host.
fn issue(host: &str) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap().pem();
    (root, leaf, key.serialize_pem())
}

fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// One test: the server gets its certificate in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_asked_who_it_is() {
    let postgres = Postgres::shared();
    let by_address = postgres.database("encrypted");
    let by_name = by_address.replace("127.0.0.1", "localhost");
    let refused = async |url: String| open(url).await.expect_err("refused").to_string();

    // Without certificates there is nothing to encrypt with.
    let said = refused(format!("{by_address}?sslmode=require")).await;
    assert!(said.contains("the server has no TLS"), "{said}");
    open(by_address.clone()).await.unwrap().close().await;

    let folder = tempfile::tempdir().unwrap();
    let (root, leaf, key) = issue("localhost");
    postgres.encrypt(&leaf, &key).unwrap();
    let root = written(&folder, "root.pem", &root);
    let stranger = written(&folder, "stranger.pem", &issue("localhost").0);
    let with = |url: &str, mode: &str, root: &PathBuf| {
        format!("{url}?sslmode={mode}&sslrootcert={}", root.display())
    };
    let said = refused(with(&by_name, "verify-full", &stranger)).await;
    assert!(
        said.contains("not issued by the authority of sslrootcert"),
        "{said}"
    );
    let said = refused(with(&by_address, "verify-full", &root)).await;
    assert!(said.contains("not for 127.0.0.1"), "{said}");
    let said = refused(with(&by_address, "require", &stranger)).await;
    assert!(said.contains("not issued by"), "{said}");

    for url in [
        by_address.clone(),
        format!("{by_address}?sslmode=prefer"),
        format!("{by_address}?sslmode=require"),
        with(&by_address, "verify-ca", &root),
        with(&by_name, "verify-full", &root),
    ] {
        let store = open(url.clone()).await.unwrap();
        store.ping().await.unwrap();
        // The one that listens, too.
        let listening = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) \
             WHERE datname = 'encrypted' AND query LIKE 'LISTEN%' AND ssl";
        while postgres.sql("postgres", listening).trim() == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let plain = "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) \
             WHERE datname = 'encrypted' AND NOT ssl";
        assert_eq!(postgres.sql("postgres", plain).trim(), "0", "{url}");
        store.close().await;
    }
    let store = open(format!("{by_address}?sslmode=disable")).await.unwrap();
    store.ping().await.unwrap();
    store.close().await;
}
