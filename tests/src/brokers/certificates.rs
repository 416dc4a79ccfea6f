//! Certificates for brokers of this machine: good ones, and such as nobody should believe.

use crate::TestError;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a broker shows.
#[derive(Debug, Clone)]
pub struct Shown {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Certificates in files of a folder.
pub struct Certificates {
    /// Of the authority that is believed, for `SSL_CERT_FILE`.
    pub authority: PathBuf,
    pub good: Shown,
    /// By the same authority, and it ran out.
    pub expired: Shown,
    /// By an authority that nobody named.
    pub foreign: Shown,
}

impl Certificates {
    pub fn make(folder: &Path) -> Result<Self, TestError> {
        let [ours, theirs] = [authority()?, authority()?];
        let file = folder.join("authority.pem");
        std::fs::write(&file, ours.pem())?;
        Ok(Self {
            authority: file,
            good: shown(folder, "good", &ours, 2100)?,
            expired: shown(folder, "expired", &ours, 2020)?,
            foreign: shown(folder, "foreign", &theirs, 2100)?,
        })
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, TestError> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn shown(
    folder: &Path,
    name: &str,
    by: &CertifiedIssuer<'static, KeyPair>,
    until: i32,
) -> Result<Shown, TestError> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names)?;
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, by)?;
    let shown = Shown {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    std::fs::write(&shown.certificate, certificate.pem())?;
    std::fs::write(&shown.key, key.serialize_pem())?;
    Ok(shown)
}

impl Shown {
    /// For a server of the tests' own.
    pub fn server(&self) -> Result<Arc<rustls::ServerConfig>, TestError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = CertificateDer::pem_file_iter(&self.certificate)?.collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        Ok(Arc::new(config.with_single_cert(chain, key)?))
    }
}

/// Believes one authority.
pub fn believing(authority: &Path) -> Result<rustls::ClientConfig, TestError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority)?)?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    Ok(config.with_no_client_auth())
}
