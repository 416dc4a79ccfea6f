//! A certificate authority of this server's own, and the certificates it signs.
//!
//! Its key lies in the data folder, readable by its owner alone. Whoever trusts it trusts it for this machine's name and for
//! local networks' addresses only: a stolen key makes nobody else's site. What it signs lives for a season and is made anew
//! with every start, so that there is nothing else to keep.

use super::addresses::is_local;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// People trust it once on each device: long enough that nobody has to do so again.
const YEARS: i32 = 10;
/// Devices refuse certificates that live longer than about two years, whoever signed them.
pub(super) const LEAF_DAYS: u64 = 90;
/// Clocks of phones may be behind.
const SLACK: Days = Days::new(1);
/// The networks it may speak for, whatever the machine's address is next week: RFC 1918, link-local, shared, loopback.
const NETWORKS: [([u8; 4], u8); 6] = [
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([169, 254, 0, 0], 16),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
];

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error(
        "the folder {0} holds no whole certificate authority: put back what was there, or remove the folder, and trust the new \
         one on every device again"
    )]
    Broken(PathBuf),
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// What is kept beside key and certificate: from it the authority's own parameters are made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    made: NaiveDate,
    /// Names of the machine it may speak for.
    names: Vec<String>,
    /// Addresses outside of the usual networks it may speak for.
    addresses: Vec<Ipv4Addr>,
}

impl Kept {
    fn ends(&self) -> NaiveDate {
        let year = self.made.year() + YEARS;
        // The 29th of February has no anniversary in most years.
        self.made
            .with_year(year)
            .unwrap_or(self.made + Days::new(365 * 10))
    }

    fn covers(&self, address: Ipv4Addr) -> bool {
        let usual = NETWORKS.iter().any(|(network, prefix)| {
            let mask = u32::MAX << (32 - u32::from(*prefix));
            u32::from(address) & mask == u32::from(Ipv4Addr::from(*network))
        });
        usual || self.addresses.contains(&address)
    }

    fn params(&self) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        let machine = self.names.last().map_or("this machine", String::as_str);
        let name = format!("Matinee on {machine}, made {}", self.made);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        lives(&mut params, self.made - SLACK, self.ends());
        let names = self.names.iter().map(String::as_str).chain(["localhost"]);
        let names = names.map(|name| GeneralSubtree::DnsName(name.to_owned()));
        let networks = NETWORKS.iter().map(|(network, prefix)| (*network, *prefix));
        let own = self.addresses.iter().map(|address| (address.octets(), 32));
        let addresses = networks.chain(own).map(|(network, prefix)| {
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(network, prefix))
        });
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: names.chain(addresses).collect(),
            excluded_subtrees: Vec::new(),
        });
        Ok(params)
    }
}

/// From a day on and before another one.
fn lives(params: &mut CertificateParams, from: NaiveDate, before: NaiveDate) {
    // Both parts are in their ranges: they come from a date.
    let day = |date: NaiveDate| date_time_ymd(date.year(), date.month() as u8, date.day() as u8);
    params.not_before = day(from);
    params.not_after = day(before);
}

/// A certificate for this machine with its key.
pub struct Leaf {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    pub ends: NaiveDate,
}

/// The authority.
pub struct Authority {
    kept: Kept,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    /// The one in this folder, made now if there is none or it is about to end.
    pub fn open(
        folder: &Path,
        names: &[String],
        addresses: &[Ipv4Addr],
        now: DateTime<Utc>,
    ) -> Result<Self, AuthorityError> {
        let today = now.date_naive();
        match Self::read(folder)? {
            Some(there) if there.kept.ends() > today + Days::new(LEAF_DAYS) => Ok(there),
            _ => Self::make(folder, names, addresses, today),
        }
    }

    fn make(
        folder: &Path,
        names: &[String],
        addresses: &[Ipv4Addr],
        today: NaiveDate,
    ) -> Result<Self, AuthorityError> {
        let mut kept = Kept {
            made: today,
            names: names.to_vec(),
            addresses: Vec::new(),
        };
        kept.addresses = addresses
            .iter()
            .copied()
            .filter(|address| is_local(*address) && !kept.covers(*address))
            .collect();
        let key = KeyPair::generate()?;
        let params = kept.params()?;
        let certificate = params.self_signed(&key)?;
        private_folder(folder)?;
        write(folder, KEY, &key.serialize_pem())?;
        write(
            folder,
            ABOUT,
            &serde_json::to_string(&kept).unwrap_or_default(),
        )?;
        // The last: with it the folder is whole.
        write(folder, CERTIFICATE, &certificate.pem())?;
        tracing::info!(folder = %folder.display(), "made a certificate authority for the local network");
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.der().clone(),
            kept,
        })
    }

    fn read(folder: &Path) -> Result<Option<Self>, AuthorityError> {
        if !folder.join(CERTIFICATE).exists() {
            return Ok(None);
        }
        let broken = || AuthorityError::Broken(folder.to_owned());
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|source| AuthorityError::File { path, source })
        };
        let kept: Kept = serde_json::from_str(&text(ABOUT)?).map_err(|_| broken())?;
        let key = KeyPair::from_pem(&text(KEY)?).map_err(|_| broken())?;
        let certificate =
            CertificateDer::from_pem_slice(text(CERTIFICATE)?.as_bytes()).map_err(|_| broken())?;
        let issuer = Issuer::new(kept.params()?, key);
        let there = Self {
            kept,
            issuer,
            certificate,
        };
        // A key of another certificate would sign what nobody who trusts this one accepts.
        if there.vouches() {
            Ok(Some(there))
        } else {
            Err(broken())
        }
    }

    fn vouches(&self) -> bool {
        let signed = self.issuer.key().public_key_raw();
        self.certificate
            .windows(signed.len())
            .any(|part| part == signed)
    }

    /// A new certificate for these names and addresses, as far as the authority may speak for them.
    pub fn sign(&self, addresses: &[Ipv4Addr], now: DateTime<Utc>) -> Result<Leaf, AuthorityError> {
        let today = now.date_naive();
        let ends = (today + Days::new(LEAF_DAYS)).min(self.kept.ends());
        let covered = addresses
            .iter()
            .filter(|address| self.kept.covers(**address));
        let covered = covered.map(ToString::to_string);
        let names = self.kept.names.iter().cloned();
        let own = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()];
        let all: Vec<_> = covered.chain(names).chain(own).collect();
        let mut params = CertificateParams::new(all)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Matinee on the local network");
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        lives(&mut params, today - SLACK, ends);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf {
            chain: vec![certificate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            ends,
        })
    }

    /// Whether it may speak for an address.
    pub fn covers(&self, address: Ipv4Addr) -> bool {
        self.kept.covers(address)
    }

    /// Names it may speak for.
    pub fn names(&self) -> &[String] {
        &self.kept.names
    }

    /// Its certificate as devices take it, DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of its certificate, in the pairs that devices show.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// The first day it is no longer good for.
    pub fn ends(&self) -> NaiveDate {
        self.kept.ends()
    }
}

const KEY: &str = "ca.key";
const ABOUT: &str = "ca.json";
const CERTIFICATE: &str = "ca.crt";

fn private_folder(folder: &Path) -> Result<(), AuthorityError> {
    let failed = |source| AuthorityError::File {
        path: folder.to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// Never readable by anybody else, not even for a moment, and never half there.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), AuthorityError> {
    let (path, half) = (folder.join(name), folder.join(format!("{name}.new")));
    let failed = |source| AuthorityError::File {
        path: path.clone(),
        source,
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&half).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&half, &path))
        .map_err(failed)
}

#[cfg(test)]
mod tests;
