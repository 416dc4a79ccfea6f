//! What a ticket's QR code says, and how a door checks it with no network.
//!
//! `MT1:` and base32 (both in a QR code's compact alphabet) of: version, key id, flags, ticket id, show, seat number,
//! revision, start (Unix seconds), signature over everything before it.

use crate::auth::Keys;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, VerifyingKey};
use matinee_domain::{
    ids::{ShowId, TheaterId, TicketId},
    seat_map::SeatNo,
};
use matinee_planted::planted;
use matinee_store::bookings::TicketRow;

const PREFIX: &str = "MT1:";
const VERSION: u8 = 1;
const FLAG_TEST: u8 = 1;
const KEY_ID: usize = 8;
const FACTS: usize = 1 + KEY_ID + 1 + 32 + 16 + 2 + 4 + 8;
const ALL: usize = FACTS + 64;

/// The facts of a ticket whose signature fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTicket {
    pub ticket_id: TicketId,
    pub show_id: ShowId,
    pub seat: SeatNo,
    pub revision: u32,
    pub start_time: DateTime<Utc>,
    /// Paid in a sandbox: no live door takes it.
    pub test: bool,
}

/// The QR code's text of a ticket.
pub fn payload(
    keys: &Keys,
    row: &TicketRow,
    show_id: ShowId,
    start: DateTime<Utc>,
    test: bool,
) -> String {
    let mut bytes = Vec::with_capacity(ALL);
    bytes.push(VERSION);
    bytes.extend_from_slice(&key_id(keys.ticket_key_id()));
    bytes.push(if test { FLAG_TEST } else { 0 });
    bytes.extend_from_slice(row.ticket_id.theater().as_bytes());
    bytes.extend_from_slice(row.ticket_id.own());
    bytes.extend_from_slice(show_id.own());
    bytes.extend_from_slice(&row.seat.0.to_be_bytes());
    bytes.extend_from_slice(&row.revision.to_be_bytes());
    bytes.extend_from_slice(&start.timestamp().to_be_bytes());
    let signature = keys.sign_ticket(&bytes);
    bytes.extend_from_slice(&signature);
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes))
}

/// The first bytes of a key id, padded: which key signed.
fn key_id(text: &str) -> [u8; KEY_ID] {
    let mut id = [0; KEY_ID];
    for (slot, byte) in id.iter_mut().zip(text.bytes()) {
        *slot = byte;
    }
    id
}

impl SignedTicket {
    /// Reads and checks a QR code's text: `None` for anything not signed by this key, whatever it is.
    pub fn check(text: &str, key: &VerifyingKey) -> Option<Self> {
        let encoded = text.trim().strip_prefix(PREFIX)?;
        if encoded.len() > ALL * 8 / 5 + 1 {
            return None;
        }
        let bytes = BASE32_NOPAD.decode(encoded.as_bytes()).ok()?;
        let bytes: [u8; ALL] = bytes.try_into().ok()?;
        let (facts, signature) = bytes.split_at(FACTS);
        let signature = Signature::from_slice(signature).ok()?;
        let forged = key.verify_strict(facts, &signature).is_err();
        if facts[0] != VERSION || forged && !planted!("forged_ticket") {
            return None;
        }
        let mut rest = &facts[1 + KEY_ID..];
        let [flags] = take::<1>(&mut rest)?;
        let theater = TheaterId::from_bytes(take(&mut rest)?);
        let ticket_id = TicketId::from_parts(theater, take(&mut rest)?);
        let show_id = ShowId::from_parts(theater, take(&mut rest)?);
        let seat = SeatNo(u16::from_be_bytes(take(&mut rest)?));
        let revision = u32::from_be_bytes(take(&mut rest)?);
        let start_time = DateTime::from_timestamp(i64::from_be_bytes(take(&mut rest)?), 0)?;
        Some(Self {
            ticket_id,
            show_id,
            seat,
            revision,
            start_time,
            test: flags & FLAG_TEST != 0,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_domain::ids::BookingId;
    use matinee_store::bookings::TicketState;

    fn signed() -> (Keys, String) {
        let keys = Keys::for_tests();
        let theater = TheaterId::from_bytes([1; 16]);
        let row = TicketRow {
            ticket_id: TicketId::from_parts(theater, [2; 16]),
            booking_id: BookingId::from_parts(theater, [3; 22]),
            seat: SeatNo(7),
            state: TicketState::Valid,
            revision: 1,
        };
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let text = payload(
            &keys,
            &row,
            ShowId::from_parts(theater, [4; 16]),
            start,
            true,
        );
        (keys, text)
    }

    #[test]
    fn a_door_reads_back_what_was_signed() {
        let (keys, text) = signed();
        let ticket = SignedTicket::check(&text, &keys.ticket_public_key()).unwrap();
        assert_eq!(
            (ticket.seat, ticket.revision, ticket.test),
            (SeatNo(7), 1, true)
        );
        assert_eq!(ticket.ticket_id.own(), &[2; 16]);
        assert_eq!(ticket.start_time.timestamp(), 1_800_000_000);
    }

    #[test]
    fn no_altered_ticket_is_accepted() {
        let (keys, text) = signed();
        let key = keys.ticket_public_key();
        let bytes = BASE32_NOPAD
            .decode(text.strip_prefix(PREFIX).unwrap().as_bytes())
            .unwrap();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut altered = bytes.clone();
                altered[index] ^= 1 << bit;
                let altered = format!("{PREFIX}{}", BASE32_NOPAD.encode(&altered));
                assert_eq!(
                    SignedTicket::check(&altered, &key),
                    None,
                    "byte {index} bit {bit}"
                );
            }
        }
        for garbage in [
            "",
            "MT1:",
            "MT1:AAAA",
            "MT2:AAAA",
            &text[..text.len() - 1],
            &text.to_lowercase(),
        ] {
            assert_eq!(SignedTicket::check(garbage, &key), None, "{garbage}");
        }
    }

    /// Numbers that look like chance and are the same in every run.
    struct Chance(u64);

    impl Chance {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
        fn below(&mut self, end: usize) -> usize {
            (self.next() % end as u64) as usize
        }
    }

    /// One of the ways in which somebody might alter a ticket: other letters, other bytes, parts of another ticket, a signature
    /// moved or made up.
    fn altered(chance: &mut Chance, text: &str, other: &str) -> String {
        let decode = |text: &str| {
            BASE32_NOPAD
                .decode(&text.as_bytes()[PREFIX.len()..])
                .unwrap()
        };
        let (mut bytes, theirs) = (decode(text), decode(other));
        match chance.below(6) {
            0 => {
                let mut letters = text.as_bytes().to_vec();
                for _ in 0..=chance.below(3) {
                    let at = PREFIX.len() + chance.below(letters.len() - PREFIX.len());
                    letters[at] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[chance.below(32)];
                }
                return String::from_utf8(letters).unwrap();
            }
            1 => {
                for _ in 0..=chance.below(4) {
                    let at = chance.below(bytes.len());
                    bytes[at] ^= 1 << chance.below(8);
                }
            }
            2 => {
                let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len()));
                let part = from.min(to)..=from.max(to);
                bytes[part.clone()].copy_from_slice(&theirs[part]);
            }
            3 => bytes[FACTS..].fill_with(|| chance.next() as u8),
            4 => {
                let (at, by) = (chance.below(bytes.len()), 1 + chance.below(8));
                let rest = bytes.len() - at;
                bytes[at..].rotate_left(by.min(rest));
            }
            _ => {
                let end = chance.below(bytes.len());
                bytes.truncate(end);
                bytes.resize(ALL, chance.next() as u8);
            }
        }
        format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes))
    }

    /// Of 100,000 altered tickets (`MATINEE_MUTATIONS` says another number) none is taken for anything but one of the two
    /// that were signed.
    #[test]
    fn of_many_altered_tickets_none_is_accepted() {
        let many: u64 =
            std::env::var("MATINEE_MUTATIONS").map_or(100_000, |text| text.parse().unwrap());
        let (keys, text) = signed();
        let other = another(&keys);
        let key = keys.ticket_public_key();
        let genuine = [
            SignedTicket::check(&text, &key).unwrap(),
            SignedTicket::check(&other, &key).unwrap(),
        ];
        let lanes = std::thread::available_parallelism().map_or(2, usize::from) as u64;
        let tried: u64 = std::thread::scope(|scope| {
            let lane = |lane: u64| {
                let (text, other, genuine) = (&text, &other, &genuine);
                scope.spawn(move || {
                    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ (lane + 1));
                    let mut tried = 0;
                    for _ in 0..many.div_ceil(lanes) {
                        let altered = altered(&mut chance, text, other);
                        if altered == *text || altered == *other {
                            continue;
                        }
                        tried += 1;
                        let accepted = SignedTicket::check(&altered, &key);
                        // The last letter has bits that mean nothing: it may be spelled in another way.
                        let same = accepted
                            .as_ref()
                            .is_none_or(|ticket| genuine.contains(ticket));
                        assert!(same, "{altered} is taken for {accepted:?}");
                    }
                    tried
                })
            };
            let lanes: Vec<_> = (0..lanes).map(lane).collect();
            lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
        });
        assert!(tried > many * 8 / 10, "{tried} of {many} were altered");
    }

    /// A ticket for another seat of the same show.
    fn another(keys: &Keys) -> String {
        let theater = TheaterId::from_bytes([1; 16]);
        let row = TicketRow {
            ticket_id: TicketId::from_parts(theater, [5; 16]),
            booking_id: BookingId::from_parts(theater, [6; 22]),
            seat: SeatNo(8),
            state: TicketState::Valid,
            revision: 2,
        };
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let show = ShowId::from_parts(theater, [4; 16]);
        payload(keys, &row, show, start, false)
    }
}
