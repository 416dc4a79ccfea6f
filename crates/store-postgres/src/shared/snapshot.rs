//! A show's seats as bytes that another server can trust to be what this one read, or throw away.
//!
//! `MSS1`, the version (8 bytes), seats with a row (3 bytes each: number and state), and 16 bytes of a digest over all
//! of it, the state of the database it is of, and the show. So bytes that were cut, changed, or moved here from another
//! show or database are not taken for this one's.

use super::look::Origin;
use matinee_domain::{ids::ShowId, seat_map::SeatNo};
use matinee_store::{bookings::SeatSnapshot, feed::SeatState};
use sha2::{Digest as _, Sha256};

const MARK: &[u8; 4] = b"MSS1";
const HEAD: usize = MARK.len() + 8;
const SEAT: usize = 3;
const SEAL: usize = 16;
/// Seats of one show that are kept; a bigger one is always read from the database.
const SEATS: usize = 8_000;
/// Longest value that can be one.
pub(super) const LONGEST: usize = HEAD + SEATS * SEAT + SEAL;

/// The bytes of a snapshot, unless it has too many seats.
pub(super) fn encode(origin: &Origin, show: ShowId, snapshot: &SeatSnapshot) -> Option<Vec<u8>> {
    if snapshot.seats.len() > SEATS {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEAD + snapshot.seats.len() * SEAT + SEAL);
    bytes.extend(MARK);
    bytes.extend(snapshot.version.to_be_bytes());
    for (seat, state) in &snapshot.seats {
        bytes.extend(seat.0.to_be_bytes());
        bytes.push(state.code() as u8);
    }
    let seal = seal(origin, show, &bytes);
    bytes.extend(seal);
    Some(bytes)
}

/// The snapshot, if that is what the bytes are.
pub(super) fn decode(origin: &Origin, show: ShowId, bytes: &[u8]) -> Option<SeatSnapshot> {
    let (said, given) = bytes.split_at(bytes.len().checked_sub(SEAL)?);
    if seal(origin, show, said) != given {
        return None;
    }
    let (version, seats) = said.strip_prefix(MARK)?.split_first_chunk::<8>()?;
    let (seats, rest) = seats.as_chunks::<SEAT>();
    if !rest.is_empty() || seats.len() > SEATS {
        return None;
    }
    let seats = seats.iter().map(|[high, low, state]| {
        let state = SeatState::from_code(i64::from(*state))?;
        let has_a_row = state != SeatState::Available;
        has_a_row.then_some((SeatNo(u16::from_be_bytes([*high, *low])), state))
    });
    Some(SeatSnapshot {
        version: u64::from_be_bytes(*version),
        seats: seats.collect::<Option<_>>()?,
    })
}

fn seal(origin: &Origin, show: ShowId, said: &[u8]) -> [u8; SEAL] {
    let mut digest = Sha256::new();
    digest.update((origin.as_str().len() as u64).to_be_bytes());
    digest.update(origin.as_str());
    digest.update(show.theater().as_bytes());
    digest.update(show.own());
    digest.update(said);
    let digest: [u8; 32] = digest.finalize().into();
    let mut seal = [0; SEAL];
    seal.copy_from_slice(&digest[..SEAL]);
    seal
}

#[cfg(test)]
mod tests {
    use super::*;
    use matinee_domain::ids::TheaterId;

    fn show(number: u8) -> ShowId {
        ShowId::from_parts(TheaterId::from_bytes([1; 16]), [number; 16])
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let origin = Origin::new("1.2.3.4".into());
        let snapshot = SeatSnapshot {
            version: 77,
            seats: vec![
                (SeatNo(0), SeatState::Held),
                (SeatNo(300), SeatState::Sold),
                (SeatNo(u16::MAX), SeatState::Blocked),
            ],
        };
        let bytes = encode(&origin, show(1), &snapshot).unwrap();
        assert_eq!(decode(&origin, show(1), &bytes), Some(snapshot));
        assert_eq!(decode(&origin, show(2), &bytes), None);
        let other = Origin::new("1.2.3.5".into());
        assert_eq!(decode(&other, show(1), &bytes), None);
        for at in 0..bytes.len() {
            assert_eq!(decode(&origin, show(1), &bytes[..at]), None, "cut at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(decode(&origin, show(1), &changed), None, "changed at {at}");
        }
    }

    #[test]
    fn a_well_sealed_seat_without_a_state_is_none() {
        let origin = Origin::new("1.2.3.4".into());
        let free = SeatSnapshot {
            version: 1,
            seats: vec![(SeatNo(0), SeatState::Available)],
        };
        let bytes = encode(&origin, show(1), &free).unwrap();
        assert_eq!(decode(&origin, show(1), &bytes), None);
    }
}
