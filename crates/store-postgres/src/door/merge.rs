//! Taking scans that were made with no network, and naming in each ticket's row the scan that counts.

use super::{Told, about, entry, insert, of_show, rows};
use crate::{
    columns::{Columns as _, damaged},
    connect::Connection,
    pipeline::Call,
    staff::write_audit,
};
use matinee_domain::{
    door::{Entry, ScanVerdict},
    ids::{BookingId, ShowId, TheaterId, TicketId},
    seat_map::SeatNo,
};
use matinee_store::{
    StoreError,
    door::{ENTRIES, MergeScans, Merged, NewScan, OfflineScan, ScannedTicket},
};
use std::collections::{BTreeMap, HashMap, HashSet, hash_map};

type Own = [u8; 16];

/// Where a ticket's row is.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) booking: [u8; 22],
    pub(super) seat: i32,
    pub(super) ticket: Own,
}

/// The tickets of a show that still owns seats.
async fn tickets_of(conn: &Connection, show: ShowId) -> Result<Vec<Place>, StoreError> {
    const SQL: &str = of_show!("t.ticket, t.booking, t.seat", "");
    let read = |row: &tokio_postgres::Row| {
        Ok(Place {
            ticket: row.bytes(0)?,
            booking: row.bytes(1)?,
            seat: row.value(2)?,
        })
    };
    rows(conn, about(SQL, show))
        .await?
        .iter()
        .map(read)
        .collect()
}

fn places<'p>(sql: &'static str, theater: TheaterId, places: &'p [Place]) -> Call<'p> {
    Call::new(sql)
        .with(theater.as_bytes().to_vec())
        .with(
            places
                .iter()
                .map(|place| &place.booking[..])
                .collect::<Vec<_>>(),
        )
        .with(places.iter().map(|place| place.seat).collect::<Vec<_>>())
}

/// Locks tickets, in order; those among them that were not given back.
pub(super) async fn lock(
    conn: &Connection,
    theater: TheaterId,
    wanted: &[Place],
) -> Result<HashSet<Own>, StoreError> {
    const SQL: &str = "SELECT t.ticket, t.state = 'void' FROM unnest($2::bytea[], $3::int[]) AS w (booking, seat) \
         JOIN tickets AS t ON t.theater = $1 AND t.booking = w.booking AND t.seat = w.seat \
         ORDER BY t.booking, t.seat FOR UPDATE OF t";
    let mut standing = HashSet::new();
    for row in rows(conn, places(SQL, theater, wanted)).await? {
        if !row.value::<bool>(1)? {
            standing.insert(row.bytes(0)?);
        }
    }
    Ok(standing)
}

/// Names the scan that counts in the rows of locked tickets, or none; who is in with each. What was given back stays so.
pub(super) async fn settle(
    conn: &Connection,
    theater: TheaterId,
    locked: &[Place],
) -> Result<HashMap<Own, Vec<Entry>>, StoreError> {
    const ENTRIES_OF: &str = "SELECT e.scan, e.scanned_at, e.door, w.ticket FROM unnest($2::bytea[]) AS w (ticket) \
         CROSS JOIN LATERAL (SELECT x.scan, x.scanned_at, x.door FROM ticket_scans AS x \
           WHERE x.theater = $1 AND x.ticket = w.ticket AND x.verdict = 'admitted' AND x.undone_at IS NULL \
           ORDER BY x.scanned_at, x.scan LIMIT $3) AS e ORDER BY w.ticket, e.scanned_at, e.scan";
    const NAME: &str = "UPDATE tickets AS t \
         SET state = CASE WHEN w.scan IS NULL THEN 'valid' ELSE 'redeemed' END, redeemed_by = w.scan \
         FROM unnest($2::bytea[], $3::int[], $4::bytea[], $5::bytea[]) AS w (booking, seat, ticket, scan) \
         WHERE t.theater = $1 AND t.booking = w.booking AND t.seat = w.seat AND t.ticket = w.ticket \
           AND t.state <> 'void' AND t.redeemed_by IS DISTINCT FROM w.scan";
    let tickets: Vec<&[u8]> = locked.iter().map(|place| &place.ticket[..]).collect();
    let call = Call::new(ENTRIES_OF)
        .with(theater.as_bytes().to_vec())
        .with(tickets.clone())
        .with(i64::from(ENTRIES));
    let mut entries: HashMap<Own, Vec<Entry>> = HashMap::new();
    for row in rows(conn, call).await? {
        let of = entries.entry(row.bytes(3)?).or_default();
        of.push(entry(&row, 0)?);
    }
    let first = |place: &Place| {
        let first = entries.get(&place.ticket).and_then(|some| some.first());
        first.map(|entry| entry.scan_id.as_bytes().to_vec())
    };
    let call = places(NAME, theater, locked)
        .with(tickets)
        .with(locked.iter().map(first).collect::<Vec<_>>());
    rows(conn, call).await?;
    Ok(entries)
}

pub(super) async fn merge(conn: &Connection, merge: &MergeScans) -> Result<Merged, StoreError> {
    let theater = merge.audit.theater_id;
    let mut shows: HashMap<ShowId, HashMap<Own, Place>> = HashMap::new();
    for scan in &merge.scans {
        if let hash_map::Entry::Vacant(show) = shows.entry(scan.show_id) {
            let tickets = tickets_of(conn, scan.show_id).await?;
            let by_id = tickets.into_iter().map(|place| (place.ticket, place));
            show.insert(by_id.collect());
        }
    }
    let place = |scan: &OfflineScan| shows.get(&scan.show_id)?.get(scan.ticket_id.own());
    let is_in = |scan: &&OfflineScan| scan.verdict == ScanVerdict::Admitted;
    let let_in: BTreeMap<TicketId, (ShowId, Place)> = (merge.scans.iter().filter(is_in))
        .filter_map(|scan| Some((scan.ticket_id, (scan.show_id, place(scan)?.clone()))))
        .collect();
    let wanted: Vec<Place> = let_in.values().map(|(_, place)| place.clone()).collect();
    let standing = lock(conn, theater, &wanted).await?;
    let told = Told {
        theater,
        actor: merge.audit.actor,
        now: merge.audit.at,
        offline: true,
    };
    let scans: Vec<NewScan> = (merge.scans.iter())
        .map(|scan| new_scan(scan, place(scan)))
        .collect::<Result<_, _>>()?;
    let taken = insert(conn, told, &scans).await?;
    let mut merged = Merged {
        taken: taken as u32,
        ..Merged::default()
    };
    for scan in merge.scans.iter().filter(is_in) {
        match place(scan) {
            None => merged.wrong.push((scan.scan_id, ScanVerdict::Unknown)),
            Some(place) if !standing.contains(&place.ticket) => {
                merged.wrong.push((scan.scan_id, ScanVerdict::Cancelled));
            }
            Some(_) => {}
        }
    }
    let valid = |place: &Place| standing.contains(&place.ticket);
    let locked: Vec<Place> = wanted.into_iter().filter(|place| valid(place)).collect();
    let mut entries = settle(conn, theater, &locked).await?;
    for (ticket_id, (show_id, place)) in let_in {
        if valid(&place) {
            let of = entries.remove(&place.ticket).unwrap_or_default();
            merged.entries.push((ticket_id, show_id, of));
        }
    }
    if merged.taken > 0 {
        write_audit(conn, &merge.audit).await?;
    }
    Ok(merged)
}

fn new_scan(scan: &OfflineScan, place: Option<&Place>) -> Result<NewScan, StoreError> {
    let theater = scan.show_id.theater();
    let ticket = |place: &Place| {
        Ok::<_, StoreError>(ScannedTicket {
            ticket_id: scan.ticket_id,
            show_id: scan.show_id,
            booking_id: BookingId::from_parts(theater, place.booking),
            seat: SeatNo(u16::try_from(place.seat).map_err(damaged)?),
            revision: 0,
        })
    };
    Ok(NewScan {
        scan_id: scan.scan_id,
        ticket: place.map(ticket).transpose()?,
        door: scan.door.clone(),
        verdict: scan.verdict,
        scanned_at: scan.scanned_at,
    })
}
