//! What a deep link opens. `matinee://show/ID` only names an object: it carries no token, and neither changes the
//! server nor does anything; whatever else it says is ignored.

use url::Url;

/// The scheme the system hands over.
pub const SCHEME: &str = "matinee";
/// Ids are far shorter.
const MAX_ID: usize = 128;

/// The UI's path for a link, if it is one of ours.
pub fn path_of(link: &str) -> Option<String> {
    let url = Url::parse(link).ok().filter(|url| url.scheme() == SCHEME)?;
    let page = match url.host_str()? {
        "theater" => "theaters",
        "movie" => "movies",
        "show" => "shows",
        "booking" => "bookings",
        _ => return None,
    };
    let mut segments = url.path_segments()?;
    let id = segments.next().filter(|id| is_id(id))?;
    segments.next().is_none().then(|| format!("/{page}/{id}"))
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_an_object() {
        assert_eq!(
            path_of("matinee://show/sabc234").as_deref(),
            Some("/shows/sabc234")
        );
        assert_eq!(
            path_of("matinee://booking/b7?token=x#y").as_deref(),
            Some("/bookings/b7")
        );
    }

    #[test]
    fn anything_else_opens_nothing() {
        for link in [
            "https://show/sabc",
            "matinee://settings/x",
            "matinee://show",
            "matinee://show/",
            "matinee://show/a/b",
            "matinee://show/%2e%2e",
            "matinee:show/a",
            "--help",
            "",
        ] {
            assert_eq!(path_of(link), None, "{link}");
        }
    }
}
