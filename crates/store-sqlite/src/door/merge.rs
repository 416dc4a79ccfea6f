//! Taking scans that were made with no network, and naming in each ticket's row the scan that counts.

use super::{Told, entries, insert, of_show};
use crate::{columns::damaged, failure::OrStoreError as _, query, staff::write_audit, writer::Tx};
use matinee_domain::{
    door::{Entry, ScanVerdict},
    ids::{BookingId, ShowId, TheaterId, TicketId},
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    door::{MergeScans, Merged, NewScan, OfflineScan, ScannedTicket},
};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap, hash_map};

const TICKETS_OF_SHOW: &str = of_show!("t.ticket, t.booking, t.seat, t.state = 'void'", "");

/// Where a ticket's row is.
pub(super) struct Place {
    pub(super) booking: [u8; 22],
    pub(super) seat: u16,
    pub(super) ticket: [u8; 16],
}

/// Names the scan that counts in the ticket's row, or none; who is in with it. What was given back stays so.
pub(super) fn settle(
    tx: &Tx<'_>,
    theater: TheaterId,
    place: &Place,
) -> Result<Vec<Entry>, StoreError> {
    const IN: &str = "UPDATE tickets SET state = 'redeemed', redeemed_by = ?5 WHERE theater = ?1 AND booking = ?2 \
         AND seat = ?3 AND ticket = ?4 AND state <> 'void' AND redeemed_by IS NOT ?5";
    const OUT: &str = "UPDATE tickets SET state = 'valid', redeemed_by = NULL WHERE theater = ?1 AND booking = ?2 \
         AND seat = ?3 AND ticket = ?4 AND state = 'redeemed'";
    let entries = entries(tx.conn(), theater, &place.ticket)?;
    let theater = theater.as_bytes();
    match entries.first() {
        Some(first) => tx
            .prepare(IN)?
            .execute(params![
                theater,
                place.booking,
                place.seat,
                place.ticket,
                first.scan_id.as_bytes()
            ])
            .db()?,
        None => tx
            .prepare(OUT)?
            .execute(params![theater, place.booking, place.seat, place.ticket])
            .db()?,
    };
    Ok(entries)
}

/// The tickets of a show that still owns seats, by their ids, with whether they were given back.
fn tickets_of(
    conn: &Connection,
    show: ShowId,
) -> Result<HashMap<[u8; 16], (Place, bool)>, StoreError> {
    let theater = show.theater();
    let key = params![theater.as_bytes(), show.own()];
    let rows = query::all(conn, TICKETS_OF_SHOW, key, |row| {
        let place = Place {
            ticket: row.get(0).db()?,
            booking: row.get(1).db()?,
            seat: row.get(2).db()?,
        };
        Ok((place.ticket, (place, row.get(3).db()?)))
    })?;
    Ok(rows.into_iter().collect())
}

pub(super) fn merge(tx: &Tx<'_>, merge: &MergeScans) -> Result<Merged, StoreError> {
    let theater = merge.audit.theater_id;
    let told = Told {
        theater,
        actor: merge.audit.actor,
        now: merge.audit.at,
        offline: true,
    };
    let mut shows: HashMap<ShowId, HashMap<[u8; 16], (Place, bool)>> = HashMap::new();
    let mut touched: BTreeMap<TicketId, ShowId> = BTreeMap::new();
    let mut merged = Merged::default();
    for scan in &merge.scans {
        if let hash_map::Entry::Vacant(show) = shows.entry(scan.show_id) {
            show.insert(tickets_of(tx.conn(), scan.show_id)?);
        }
        let found = shows[&scan.show_id].get(scan.ticket_id.own());
        merged.taken += u32::from(insert(
            tx,
            told,
            &new_scan(scan, found.map(|(place, _)| place)),
        )?);
        if scan.verdict == ScanVerdict::Admitted {
            match found {
                None => merged.wrong.push((scan.scan_id, ScanVerdict::Unknown)),
                Some((_, true)) => merged.wrong.push((scan.scan_id, ScanVerdict::Cancelled)),
                Some((_, false)) => drop(touched.insert(scan.ticket_id, scan.show_id)),
            }
        }
    }
    for (ticket_id, show_id) in touched {
        let place = shows[&show_id].get(ticket_id.own());
        let (place, _) = place.ok_or_else(|| damaged("a ticket vanished"))?;
        merged
            .entries
            .push((ticket_id, show_id, settle(tx, theater, place)?));
    }
    if merged.taken > 0 {
        write_audit(tx.conn(), &merge.audit).db()?;
    }
    Ok(merged)
}

fn new_scan(scan: &OfflineScan, place: Option<&Place>) -> NewScan {
    let theater = scan.show_id.theater();
    NewScan {
        scan_id: scan.scan_id,
        ticket: place.map(|place| ScannedTicket {
            ticket_id: scan.ticket_id,
            show_id: scan.show_id,
            booking_id: BookingId::from_parts(theater, place.booking),
            seat: SeatNo(place.seat),
            revision: 0,
        }),
        door: scan.door.clone(),
        verdict: scan.verdict,
        scanned_at: scan.scanned_at,
    }
}
