//! Whether a text can be an e-mail address. Whether it reaches anybody only a mail can tell.

/// Longest address (RFC 5321).
pub const MAX_CHARS: usize = 254;

/// One `@`, something sensible on both sides, a dot in the domain. On purpose laxer than the RFCs' grammar about the
/// local part and stricter about what no mail server takes: spaces, control characters, empty labels.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= MAX_CHARS
        && (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "@<>(),;:\\\"[]".contains(c))
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn addresses_people_have_are_taken() {
        for good in [
            "a@b.fi",
            "first.last+cinema@mail.example.com",
            "o'neil@example.ie",
            "a@my-cinema.example",
            "käyttäjä@esimerkki.fi",
        ] {
            assert!(is_email(good), "{good}");
        }
    }

    #[test]
    fn what_no_mail_reaches_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@b.fi",
            "a@",
            "a@b",
            "a b@c.fi",
            "a@b..fi",
            "a@-b.fi",
            ".a@b.fi",
            "a@b.fi\r\nBcc: x@y.z",
            "a,b@c.fi",
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
