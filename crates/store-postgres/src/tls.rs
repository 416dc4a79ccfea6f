//! Encrypted connections to PostgreSQL: what `sslmode` and `sslrootcert` of an address mean, with rustls.
//!
//! The words are libpq's, and so is their meaning: `prefer` (the default) and `require` encrypt without asking who is
//! there, `verify-ca` and `verify-full` do ask. tokio-postgres knows the first three and no file, so both parameters
//! are read here. Certificates of clients are not here.

use matinee_store::StoreError;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use std::{
    future::Future,
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    config::SslMode,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::TlsConnector;

/// How connections are made: what tokio-postgres is told, and who is trusted.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Absent when the address does not say it as a URL does.
    pub(crate) mode: Option<SslMode>,
    config: Arc<ClientConfig>,
}

/// Whom we believe to speak with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Nobody,
    Authority,
    AuthorityAndName,
}

impl Tls {
    /// Reads what an address says about it; the rest of the address, for tokio-postgres.
    pub(crate) fn of(url: &str) -> Result<(Self, String), StoreError> {
        let (rest, mode, root) = split(url)?;
        let (mode, mut asks) = match mode.as_deref() {
            None => (None, Asks::Nobody),
            Some("disable") => (Some(SslMode::Disable), Asks::Nobody),
            Some("prefer") => (Some(SslMode::Prefer), Asks::Nobody),
            Some("require") => (Some(SslMode::Require), Asks::Nobody),
            Some("verify-ca") => (Some(SslMode::Require), Asks::Authority),
            Some("verify-full") => (Some(SslMode::Require), Asks::AuthorityAndName),
            Some(other) => {
                return Err(wrong(format!(
                    "sslmode={other} is not known; there are disable, prefer, require, verify-ca and verify-full"
                )));
            }
        };
        // A root that is named is asked, as libpq does.
        if mode == Some(SslMode::Require) && asks == Asks::Nobody && root.is_some() {
            asks = Asks::Authority;
        }
        let config = client_config(asks, root.as_deref())?;
        Ok((Self { mode, config }, rest))
    }
}

fn wrong(what: String) -> StoreError {
    StoreError::Unavailable(format!("the address of the database: {what}"))
}

/// The address without our two parameters, and what they say.
fn split(url: &str) -> Result<(String, Option<String>, Option<String>), StoreError> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let Some((place, query)) = url.split_once('?').filter(|_| is_url) else {
        return Ok((url.to_owned(), None, None));
    };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(decoded(value)?),
            Some(("sslrootcert", value)) => root = Some(decoded(value)?),
            _ => rest.push(pair),
        }
    }
    let rest = match rest.join("&") {
        none if none.is_empty() => place.to_owned(),
        some => format!("{place}?{some}"),
    };
    Ok((rest, mode, root))
}

/// `%2F` and the like.
fn decoded(text: &str) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hex = (*first == b'%')
            .then(|| std::str::from_utf8(after.get(..2)?).ok())
            .flatten();
        match hex.map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong("a parameter is not UTF-8".into()))
}

fn client_config(asks: Asks, root: Option<&str>) -> Result<Arc<ClientConfig>, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let checks = match (asks, root) {
        (Asks::Nobody, _) => None,
        (_, Some(root)) => Some(authority(Path::new(root), &provider)?),
        (_, None) => {
            return Err(wrong(
                "sslmode=verify-ca and verify-full need sslrootcert=FILE, the certificate (PEM) of the authority that \
                 issued the server's"
                    .into(),
            ));
        }
    };
    let verifier = Verifier {
        checks,
        name: asks == Asks::AuthorityAndName,
        algorithms: provider.signature_verification_algorithms,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn authority(
    root: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let of_file = |what: String| wrong(format!("sslrootcert {}: {what}", root.display()));
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(root)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| match error {
            rustls_pki_types::pem::Error::Io(error) => of_file(error.to_string()),
            _ => of_file("it is not a PEM file".into()),
        })?;
    for certificate in certificates {
        let added = roots.add(certificate);
        added.map_err(|error| of_file(error.to_string()))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|_| of_file("it holds no certificate".into()))
}

/// Checks as much of a server's certificate as was asked for. That the server has the certificate's key is always
/// checked.
#[derive(Debug)]
struct Verifier {
    checks: Option<Arc<WebPkiServerVerifier>>,
    name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(checks) = &self.checks else {
            return Ok(ServerCertVerified::assertion());
        };
        let checked =
            checks.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match checked {
            // The chain is looked at first: what is left is the name.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.name => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a handshake failed for, in words an operator can act on.
fn reason(error: io::Error, host: &str) -> io::Error {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = tls else {
        return error;
    };
    let what = match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the server's certificate was not issued by the authority of sslrootcert: is it the right file, and the \
             right server?"
                .to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "the server's certificate is not for {host}: use the name it was made for (a subject alternative name), \
                 or sslmode=verify-ca"
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        _ => return error,
    };
    io::Error::new(error.kind(), what)
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = ToHost;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<ToHost> {
        Ok(ToHost {
            connector: TlsConnector::from(Arc::clone(&self.config)),
            host: host.to_owned(),
        })
    }
}

/// A handshake with one host.
pub(crate) struct ToHost {
    connector: TlsConnector,
    host: String,
}

impl<S> TlsConnect<S> for ToHost
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host.clone())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            let made = self.connector.connect(name, stream).await;
            made.map(|stream| Encrypted(Box::new(stream)))
                .map_err(|error| reason(error, &self.host))
        })
    }
}

/// A stream after its handshake.
pub(crate) struct Encrypted<S>(Box<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    /// Passwords are checked without it: whoever wants to be sure of the server asks for `verify-full`.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_split() {
        let url = "postgres://a:b@h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fetc%2Fca%20x.pem";
        let (rest, mode, root) = split(url).unwrap();
        assert_eq!(rest, "postgres://a:b@h/d?connect_timeout=3");
        assert_eq!(mode.as_deref(), Some("verify-full"));
        assert_eq!(root.as_deref(), Some("/etc/ca x.pem"));
        let (rest, ..) = split("postgres://h/d?sslmode=require").unwrap();
        assert_eq!(rest, "postgres://h/d");
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        for (parameters, says) in [
            ("sslmode=verify-full", "need sslrootcert"),
            ("sslmode=verify-ca", "need sslrootcert"),
            ("sslmode=allow", "sslmode=allow is not known"),
            ("sslmode=require&sslrootcert=/no/such.pem", "/no/such.pem"),
        ] {
            let refused = Tls::of(&format!("postgres://me:hunter2@h/d?{parameters}"));
            let said = refused.err().unwrap().to_string();
            assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
        }
        let (tls, rest) = Tls::of("host=h password=a?sslmode=x").unwrap();
        assert!(tls.mode.is_none() && rest.ends_with("a?sslmode=x"));
    }
}
