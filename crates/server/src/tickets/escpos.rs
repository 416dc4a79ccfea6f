//! Tickets for a receipt printer: the bytes of ESC/POS, which nearly all of them understand.
//!
//! The printer draws the QR code itself, sharper than a picture would be. Letters are Windows-1252 (code table 16); what
//! that lacks becomes `?`. Each ticket ends with a cut, so that it can be given away by itself.

use super::{pdf::local, sheet::win_ansi};
use matinee_api as api;
use matinee_booking::OnFile;

/// How wide the printer's paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    Mm58,
    Mm80,
}

impl Paper {
    /// Letters of the printer's own font in a line.
    const fn columns(self) -> usize {
        match self {
            Self::Mm58 => 32,
            Self::Mm80 => 48,
        }
    }

    /// Dots along a square of the code: a ticket's has 53 squares and its margin, a line 384 or 576 dots.
    const fn square(self) -> u8 {
        match self {
            Self::Mm58 => 5,
            Self::Mm80 => 8,
        }
    }
}

const ESC: u8 = 0x1B;
const GS: u8 = 0x1D;
/// Twice as wide and as high.
const DOUBLE: u8 = 0x11;

/// The bytes of every ticket that still opens the door.
pub(super) fn document(on_file: &OnFile, tickets: &[&api::Ticket], paper: Paper) -> Vec<u8> {
    let mut strip = Strip {
        bytes: Vec::with_capacity(tickets.len() * 800),
        paper,
    };
    // Begin anew, with Windows-1252.
    strip.bytes.extend([ESC, b'@', ESC, b't', 16]);
    let valid = tickets
        .iter()
        .filter(|ticket| ticket.status != api::TicketStatus::Void);
    for ticket in valid {
        one(&mut strip, on_file, ticket);
    }
    strip.bytes
}

fn one(strip: &mut Strip, on_file: &OnFile, ticket: &api::Ticket) {
    let show = &on_file.show;
    let mut screens = show.theater.screens.iter();
    let screen = screens.find(|screen| screen.screen_id == show.show.screen_id);
    strip.bytes.extend([ESC, b'a', 1]);
    if ticket.test {
        strip.bold("TEST TICKET - not valid at the door");
    }
    strip.bold(&show.movie.name);
    strip.line(&local(show.show.start_time, show.theater.time_zone));
    strip.line(&show.theater.name);
    strip.line(screen.map_or("", |screen| screen.name.as_str()));
    strip.large(&format!("Row {} Seat {}", ticket.row, ticket.number));
    strip.line(&ticket.area);
    match &ticket.proof_needed {
        Some(proof) => strip.line(&format!("{} - please show: {proof}", ticket.ticket_type)),
        None => strip.line(&ticket.ticket_type),
    }
    strip.code(&ticket.qr_payload);
    strip.line(&format!("Booking {}", on_file.file.booking.reference));
    strip.cut();
}

/// Paper being printed.
struct Strip {
    bytes: Vec<u8>,
    paper: Paper,
}

impl Strip {
    /// A text in as many lines as it needs; none for nothing.
    fn line(&mut self, text: &str) {
        self.wrapped(text, self.paper.columns());
    }

    fn wrapped(&mut self, text: &str, columns: usize) {
        for line in wrapped(text, columns) {
            self.bytes.extend(win_ansi(&line));
            self.bytes.push(b'\n');
        }
    }

    fn bold(&mut self, text: &str) {
        self.bytes.extend([ESC, b'E', 1]);
        self.line(text);
        self.bytes.extend([ESC, b'E', 0]);
    }

    fn large(&mut self, text: &str) {
        self.bytes.extend([GS, b'!', DOUBLE]);
        self.wrapped(text, self.paper.columns() / 2);
        self.bytes.extend([GS, b'!', 0]);
    }

    /// A QR code, model 2, level M: choose, measure, store, print.
    fn code(&mut self, text: &str) {
        let mut command = |function: u8, data: &[u8]| {
            let [low, high, ..] = (data.len() + 2).to_le_bytes();
            self.bytes
                .extend([GS, b'(', b'k', low, high, b'1', function]);
            self.bytes.extend(data);
        };
        command(b'A', &[b'2', 0]);
        command(b'C', &[self.paper.square()]);
        command(b'E', b"1");
        command(b'P', &[b"0", text.as_bytes()].concat());
        command(b'Q', b"0");
        self.bytes.push(b'\n');
    }

    /// Feeds past the knife and cuts.
    fn cut(&mut self) {
        self.bytes.extend([GS, b'V', b'B', 0]);
    }
}

/// Breaks between words where it can.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let used = line.chars().count();
        if used > 0 && used + 1 + word.len() > columns {
            lines.push(std::mem::take(&mut line));
        }
        while word.len() > columns {
            let rest = word.split_off(columns);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a printer makes of the bytes: its lines, codes and cuts, in order.
    #[derive(Debug, PartialEq, Eq)]
    enum Printed {
        Line {
            text: String,
            bold: bool,
            large: bool,
        },
        Code {
            text: String,
            square: u8,
            level: u8,
        },
        Cut,
    }

    /// Reads every command, or panics: nothing may be left that a printer would print as letters.
    fn printed(mut bytes: &[u8]) -> Vec<Printed> {
        let (mut out, mut line) = (Vec::new(), Vec::new());
        let (mut bold, mut large) = (false, false);
        let (mut square, mut level, mut stored) = (0, 0, String::new());
        assert!(bytes.starts_with(&[ESC, b'@']));
        while let Some(first) = bytes.first().copied() {
            let taken = match (first, bytes.get(1)) {
                (ESC, Some(b'@')) => 2,
                (ESC, Some(b't' | b'a')) => 3,
                (ESC, Some(b'E')) => {
                    bold = bytes[2] == 1;
                    3
                }
                (GS, Some(b'!')) => {
                    large = bytes[2] == DOUBLE;
                    3
                }
                (GS, Some(b'V')) => {
                    assert_eq!(&bytes[2..4], b"B\0");
                    out.push(Printed::Cut);
                    4
                }
                (GS, Some(b'(')) => {
                    assert_eq!((bytes[2], bytes[5]), (b'k', b'1'));
                    let length = usize::from(bytes[3]) + 256 * usize::from(bytes[4]);
                    let data = &bytes[7..5 + length];
                    match bytes[6] {
                        b'A' => assert_eq!(data, b"2\0"),
                        b'C' => square = data[0],
                        b'E' => level = data[0],
                        b'P' => stored = String::from_utf8(data[1..].to_vec()).unwrap(),
                        b'Q' => out.push(Printed::Code {
                            text: std::mem::take(&mut stored),
                            square,
                            level,
                        }),
                        other => panic!("QR function {other}"),
                    }
                    5 + length
                }
                (b'\n', _) => {
                    let text: String = line.drain(..).map(char::from).collect();
                    if !text.is_empty() {
                        out.push(Printed::Line { text, bold, large });
                    }
                    1
                }
                (letter, _) => {
                    assert!(letter >= b' ', "control byte {letter:#x}");
                    line.push(letter);
                    1
                }
            };
            bytes = &bytes[taken..];
        }
        assert!(line.is_empty(), "the last line has an end");
        out
    }

    fn strip(paper: Paper) -> Strip {
        Strip {
            bytes: vec![ESC, b'@'],
            paper,
        }
    }

    #[test]
    fn a_printer_reads_lines_a_code_and_a_cut() {
        let code = "MT1:".to_owned() + &"ABCDEFGH".repeat(40);
        for (paper, square) in [(Paper::Mm58, 5), (Paper::Mm80, 8)] {
            let mut strip = strip(paper);
            strip.bold("Das Boot");
            strip.large("Row Ü Seat 7");
            strip.code(&code);
            strip.line("Booking ABCDE-FGHJK");
            strip.cut();
            let line = |text: &str, bold, large| Printed::Line {
                text: text.into(),
                bold,
                large,
            };
            let expected = [
                line("Das Boot", true, false),
                line("Row Ü Seat 7", false, true),
                Printed::Code {
                    text: code.clone(),
                    square,
                    level: b'1',
                },
                line("Booking ABCDE-FGHJK", false, false),
                Printed::Cut,
            ];
            assert_eq!(printed(&strip.bytes), expected);
        }
    }

    #[test]
    fn long_texts_are_broken_and_no_line_is_too_long() {
        let title = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb Donaudampfschifffahrtselektrizitätenhauptbetriebswerk";
        let mut strip = strip(Paper::Mm58);
        strip.line(title);
        let lines = printed(&strip.bytes);
        let words: Vec<String> = (lines.iter())
            .map(|line| match line {
                Printed::Line { text, .. } => text.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(
            words.iter().all(|line| line.chars().count() <= 32),
            "{words:?}"
        );
        let letters = |text: &str| text.replace(' ', "");
        assert_eq!(letters(&words.concat()), letters(title));
        assert_eq!(words[0], "Dr. Strangelove or: How I");
    }

    /// Nobody's name of a movie may drive the printer.
    #[test]
    fn control_bytes_are_not_passed_on() {
        let mut strip = strip(Paper::Mm80);
        strip.line("A\u{1b}@B\u{1d}V\u{0}C");
        let Printed::Line { text, .. } = &printed(&strip.bytes)[0] else {
            panic!("a line");
        };
        assert_eq!(text, "A?@B?V?C");
    }
}
