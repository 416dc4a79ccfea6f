//! Choosing seats for a party, the way the server does it while somebody waits: in this process, without a server.

use crate::{
    failure::{Failure, expect},
    report::Report,
    stats::Times,
};
use matinee_domain::{
    best_seats::{alternatives, best_seats},
    seat_map::{SeatMap, SeatNo},
};
use matinee_import::{Hall, hall};
use std::{hint::black_box, time::Instant};

const ROWS: u16 = 50;
const SEATS: u16 = 40;
const TIMES: usize = 200;
/// The largest party that one booking takes, and one that is asked of alternatives only.
const PARTIES: [usize; 3] = [2, 10, 50];

pub fn run(report: &mut Report) -> Result<(), Failure> {
    let numbers = Hall {
        rows: ROWS,
        seats_per_row: SEATS,
        ..Hall::default()
    };
    let map = hall(&numbers, "Bench", "bench")
        .map_err(|error| Failure::Server(format!("no hall of {ROWS} rows: {error}")))?;
    // Every second seat is sold: no two beside each other, so that every party has to be split.
    let free = |seat: SeatNo| seat.0.is_multiple_of(2);
    let (mut pass, mut slowest, mut party) = (Times::default(), 0.0, 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        black_box(
            map.seats
                .iter()
                .filter(|seat| !seat.restricted_view)
                .count(),
        );
        pass.add(began.elapsed());
    }
    for count in PARTIES {
        for open in [true, false] {
            let took = choose(&map, count, &|seat| open || free(seat))?;
            if took > slowest {
                (slowest, party) = (took, count);
            }
        }
    }
    report.add(
        "seating_p50_ms",
        "best seats or alternatives of 2,000, the slowest of all cases, p50",
        slowest,
        "ms",
        Some("≤ 1 ms"),
        &format!(
            "parties of 2, 10 and 50 in an empty hall and in one with every second seat sold; slowest for {party}; one pass over \
             the seats takes {:.4} ms",
            pass.ms(0.5)
        ),
    );
    Ok(())
}

/// Median of the slower of both choices, in milliseconds.
fn choose(map: &SeatMap, count: usize, free: &dyn Fn(SeatNo) -> bool) -> Result<f64, Failure> {
    let wanted: Vec<SeatNo> = (0..count as u16).map(|at| SeatNo(1_000 + at)).collect();
    let (mut best, mut others) = (Times::default(), Times::default());
    for _ in 0..TIMES {
        let began = Instant::now();
        let found = black_box(best_seats(map, free, count, &|_| true));
        best.add(began.elapsed());
        let found = found.map_or(0, |seats| seats.len());
        expect("seats chosen for a party", count as u64, found as u64)?;
        let began = Instant::now();
        black_box(alternatives(map, free, &wanted, 3));
        others.add(began.elapsed());
    }
    Ok(best.ms(0.5).max(others.ms(0.5)))
}
