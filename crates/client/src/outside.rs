//! The parsers of bytes from outside that have no other way in, for the fuzz targets. Nothing else calls these.

use crate::http::events::EventParser;

/// A live event stream that arrives in pieces of `piece` bytes: its events as name, data and id, until it is given up.
pub fn event_stream(bytes: &[u8], piece: usize) -> Vec<(String, String, Option<String>)> {
    let mut parser = EventParser::default();
    let mut events = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        let Ok(complete) = parser.push(piece) else {
            break;
        };
        events.extend(
            complete
                .into_iter()
                .map(|event| (event.name, event.data, event.id)),
        );
    }
    events
}
