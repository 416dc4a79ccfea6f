//! What a device calls itself, for the list of a person's sessions: the browser (or the app) and the system it runs on.
//!
//! Made once from the User-Agent, which is not kept: it says more than the list needs. It is the caller's word and nothing
//! is decided by it.

use axum::http::{HeaderMap, header};
use matinee_domain::channel::SaleChannel;

/// How the app begins its User-Agent.
const APP: &str = "Matinee/";

/// Browsers by what their User-Agent holds. The order matters: most call themselves others as well.
const PROGRAMS: &[(&str, &str)] = &[
    (APP, "Matinee app"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Systems likewise: Android says Linux too, and an iPhone says it is like a Mac.
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("macOS", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`, or as much of it as is known; empty when nothing is.
pub fn label(headers: &HeaderMap) -> String {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let of = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (of(PROGRAMS), of(SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

/// Where somebody buys who calls with these headers. At the counter it is the call that says so.
pub fn channel(headers: &HeaderMap) -> SaleChannel {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|value| value.to_str().ok());
    if agent.is_some_and(|agent| agent.starts_with(APP)) {
        SaleChannel::App
    } else {
        SaleChannel::Web
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_apart() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537 Chrome/126 Safari/537 Edg/126",
                "Edge on Windows",
            ),
            ("Matinee/0.1.0 (Linux)", "Matinee app on Linux"),
            ("curl/8.5.0", "curl"),
            ("Mozilla/4.0", ""),
            ("", ""),
        ] {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]);
            assert_eq!(label(&headers), expected, "{agent}");
        }
        assert_eq!(label(&HeaderMap::new()), "");
    }

    #[test]
    fn the_app_says_so_and_everything_else_is_the_web() {
        for (agent, expected) in [
            ("Matinee/0.1.0 (Linux)", SaleChannel::App),
            ("Mozilla/5.0 (compatible; Matinee/0.1.0)", SaleChannel::Web),
            ("curl/8.5.0", SaleChannel::Web),
        ] {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]);
            assert_eq!(channel(&headers), expected, "{agent}");
        }
        assert_eq!(channel(&HeaderMap::new()), SaleChannel::Web);
    }
}
