//! Opaque secrets: made from 256 random bits, kept only as digests.

use data_encoding::BASE64URL_NOPAD;
use matinee_booking::Entropy;
use matinee_store::accounts::TokenDigest;
use sha2::{Digest, Sha256};

/// What is kept of a secret.
pub fn digest(secret: &str) -> TokenDigest {
    Sha256::digest(secret.as_bytes()).into()
}

/// A new secret for a mailed link, and what is kept of it.
pub fn new_secret(entropy: &dyn Entropy) -> (String, TokenDigest) {
    let secret = BASE64URL_NOPAD.encode(&entropy.bytes::<32>());
    let digest = digest(&secret);
    (secret, digest)
}

/// A new token of a session family: the family's id and 256 random bits.
pub(super) fn new_token(prefix: &str, session_id: &[u8; 16], entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 48];
    bytes[..16].copy_from_slice(session_id);
    entropy.fill(&mut bytes[16..]);
    let mut text = String::with_capacity(prefix.len() + 64);
    text.push_str(prefix);
    BASE64URL_NOPAD.encode_append(&bytes, &mut text);
    text
}

/// The family a token names, if it has the form of one.
pub(super) fn family_of(token: &str, prefix: &str) -> Option<[u8; 16]> {
    let rest = token.strip_prefix(prefix)?;
    if rest.len() != 64 {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(rest.as_bytes()).ok()?;
    bytes.get(..16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    #[test]
    fn tokens_name_their_family_and_nothing_else() {
        let token = new_token("ma_", &[7; 16], &SystemEntropy);
        assert_eq!(family_of(&token, "ma_"), Some([7; 16]));
        assert_eq!(family_of(&token, "mr_"), None);
        assert_eq!(family_of("ma_x", "ma_"), None);
        assert_ne!(token, new_token("ma_", &[7; 16], &SystemEntropy));
        assert_ne!(digest(&token), digest("ma_x"));
        // Of more or of fewer bytes than ours it is none, whatever it begins with.
        for other in [format!("{token}AAAA"), token[..token.len() - 4].to_owned()] {
            assert_eq!(family_of(&other, "ma_"), None, "{other}");
        }
    }

    #[test]
    fn what_is_kept_of_a_mailed_secret_is_its_digest() {
        let (secret, kept) = new_secret(&SystemEntropy);
        assert_eq!(secret.len(), 43);
        assert_eq!(kept, digest(&secret));
        assert_ne!(secret, new_secret(&SystemEntropy).0);
    }
}
