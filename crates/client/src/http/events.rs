//! Server-sent events: bytes in, events out, within bounds.
//!
//! Only the parsing (WHATWG HTML, "event stream interpretation"); who connects and reconnects is in [`crate::live`].

/// Longest line and largest event: a snapshot of the largest arena fits.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// `message` when the stream does not say.
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<String>,
}

/// A line or an event passed the bound: the stream is not to be trusted further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than allowed")]
pub(crate) struct TooLarge;

/// Takes bytes as they arrive and gives events as they are complete.
#[derive(Default)]
pub(crate) struct EventParser {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_return: bool,
    /// A byte order mark may stand before the first line only.
    begun: bool,
    name: String,
    data: String,
    has_data: bool,
    id: Option<String>,
}

impl EventParser {
    /// The events completed by these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let ends_pair = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if ends_pair => {}
                b'\n' | b'\r' => events.extend(self.end_line()?),
                _ if self.line.len() >= MAX_BYTES => return Err(TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLarge> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let mut line = text.as_ref();
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.data.len() + value.len() >= MAX_BYTES {
                    return Err(TooLarge);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // Comments (an empty field: the heartbeat), `retry` and what is not known.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        let name = if name.is_empty() {
            "message".to_owned()
        } else {
            name
        };
        Some(Event {
            name,
            data,
            id: self.id.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<Event> {
        EventParser::default()
            .push(text.as_bytes())
            .expect("it is small")
    }

    #[test]
    fn an_event_has_name_data_and_id() {
        let events = all(": hello\n\nevent: seats\nid: 12\ndata: {\"a\":1,\ndata: \"b\":2}\n\n");
        assert_eq!(
            events,
            [Event {
                name: "seats".into(),
                data: "{\"a\":1,\n\"b\":2}".into(),
                id: Some("12".into())
            }]
        );
    }

    #[test]
    fn an_event_without_data_is_none_and_the_id_stays() {
        let events = all("id: 3\nevent: x\n\ndata: y\n\n");
        assert_eq!(
            events,
            [Event {
                name: "message".into(),
                data: "y".into(),
                id: Some("3".into())
            }]
        );
    }

    #[test]
    fn an_unfinished_event_waits() {
        let mut parser = EventParser::default();
        assert_eq!(parser.push(b"data: half\n"), Ok(vec![]));
        assert_eq!(parser.push(b"\n").map(|events| events.len()), Ok(1));
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = EventParser::default();
        assert_eq!(parser.push(&vec![b'a'; MAX_BYTES + 1]), Err(TooLarge));
        let mut parser = EventParser::default();
        let line = format!("data: {}\n", "a".repeat(MAX_BYTES / 2 + 1));
        assert_eq!(parser.push(line.as_bytes()), Ok(vec![]));
        assert_eq!(parser.push(line.as_bytes()), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_and_how_lines_end_makes_no_difference(
            data in "[a-z:\u{e9} ]{0,20}",
            cut in 0_usize..60,
            end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
        ) {
            let text = format!("event: seats{end}id: 7{end}data: {data}{end}{end}");
            let whole = all(&text.replace(end, "\n"));
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let mut parser = EventParser::default();
            let mut events = parser.push(&bytes[..cut]).expect("small");
            events.extend(parser.push(&bytes[cut..]).expect("small"));
            prop_assert_eq!(events, whole);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = EventParser::default().push(&bytes);
        }
    }
}
