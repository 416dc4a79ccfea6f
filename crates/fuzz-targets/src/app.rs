//! What reaches the app: links, and the live event stream.

use crate::{links, text};
use matinee_client::{Origin, outside::event_stream};

pub fn deep_links(data: &[u8]) {
    text(data, |text| {
        if let Some(path) = links::path_of(text) {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'/';
            assert!(path.starts_with('/') && path.bytes().all(plain), "{path}");
            assert_eq!(path.split('/').count(), 3, "{path}");
        }
        if let Ok(origin) = Origin::at(text) {
            assert!(origin.file_stem().bytes().all(|b| b != b'/' && b != b'\\'));
        }
    });
}

/// However the bytes are cut, the same events come out.
pub fn live_events(data: &[u8]) {
    let whole = event_stream(data, data.len());
    for piece in [1, 7] {
        assert_eq!(event_stream(data, piece), whole);
    }
}
