//! Codes of a generator (TOTP, RFC 6238: SHA-1, six digits, 30 seconds, as every generator app has it) and the recovery
//! codes for when it is lost.
//!
//! Which codes were taken, and how often somebody guessed, the store knows.

use super::digest;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use matinee_booking::Entropy;
use matinee_store::accounts::TokenDigest;
use totp_rs::{Algorithm, Builder, Totp};

/// Seconds a code lasts.
const STEP: u64 = 30;
/// Codes before and after the present one that count, for clocks that disagree.
const SKEW: u16 = 1;
/// Recovery codes of one generator.
const RECOVERY_CODES: usize = 10;

fn totp(secret: [u8; 20]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP)
        .with_secret(secret.to_vec())
}

/// The time step a code belongs to, if it is right now.
pub fn step_of(secret: [u8; 20], code: &str, now: DateTime<Utc>) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let time = u64::try_from(now.timestamp()).ok()?;
    let step = built(totp(secret))?.check(&code, time)?;
    Some(step)
}

fn built(builder: Builder) -> Option<Totp> {
    match builder.build() {
        Ok(totp) => Some(totp),
        Err(error) => {
            tracing::error!(%error, "a code generator cannot be made");
            None
        }
    }
}

/// What a generator app reads from the QR code: who the account is and the secret.
pub fn otpauth_url(secret: [u8; 20], account: &str) -> String {
    let secret = secret_text(secret);
    let mut url = url::Url::parse("otpauth://totp/").expect("it is an address");
    url.set_path(&format!("/Matinee:{account}"));
    url.query_pairs_mut()
        .append_pair("secret", &secret)
        .append_pair("issuer", "Matinee");
    url.into()
}

/// The secret, for people who type it.
pub fn secret_text(secret: [u8; 20]) -> String {
    BASE32_NOPAD.encode(&secret)
}

/// New recovery codes: 80 random bits each.
pub fn new_recovery_codes(entropy: &dyn Entropy) -> Vec<String> {
    let code = || {
        let mut text = BASE32_NOPAD.encode(&entropy.bytes::<10>());
        text.make_ascii_lowercase();
        let parts: Vec<&str> = [0, 4, 8, 12].iter().map(|at| &text[*at..at + 4]).collect();
        parts.join("-")
    };
    std::iter::repeat_with(code).take(RECOVERY_CODES).collect()
}

/// What is kept of a recovery code, however it is typed; `None` for what cannot be one.
pub fn recovery_digest(code: &str) -> Option<TokenDigest> {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    (plain.len() == 16 && code.len() <= 64).then(|| digest(&format!("recovery {plain}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = *b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (20_000_000_000, "353130"),
        ] {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let step = seconds as u64 / 30;
            assert_eq!(step_of(secret, code, at), Some(step), "{code}");
            let typed = format!("{} {}", &code[..3], &code[3..]);
            assert_eq!(step_of(secret, &typed, at), Some(step));
            let soon = DateTime::from_timestamp(seconds + 30, 0).unwrap();
            assert_eq!(step_of(secret, code, soon), Some(step), "a slow clock");
            let late = DateTime::from_timestamp(seconds + 60, 0).unwrap();
            assert_eq!(step_of(secret, code, late), None, "too late");
        }
        let at = DateTime::from_timestamp(59, 0).unwrap();
        for wrong in ["", "287083", "28708", "2870822", "abcdef", "２８７０８２"] {
            assert_eq!(step_of(secret, wrong, at), None, "{wrong}");
        }
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let codes = new_recovery_codes(&SystemEntropy);
        assert_eq!(codes.len(), 10);
        let code = &codes[0];
        let kept = recovery_digest(code).unwrap();
        for typed in [
            code.to_uppercase(),
            code.replace('-', ""),
            format!(" {} ", code.replace('-', " ")),
        ] {
            assert_eq!(recovery_digest(&typed), Some(kept), "{typed}");
        }
        assert_ne!(recovery_digest(&codes[1]), Some(kept));
        for none in ["", "123456", &"a".repeat(17)] {
            assert_eq!(recovery_digest(none), None, "{none}");
        }
    }

    #[test]
    fn a_generator_reads_who_and_what_from_the_address() {
        let url = otpauth_url([7; 20], "boss@example.org");
        assert!(
            url.starts_with("otpauth://totp/Matinee:boss@example.org?secret="),
            "{url}"
        );
        let read = totp_rs::Totp::from_url(&url).unwrap();
        let code = read.generate(1_000_000_000).to_string();
        let at = DateTime::from_timestamp(1_000_000_000, 0).unwrap();
        assert!(step_of([7; 20], &code, at).is_some());
    }
}
