//! Seats that were side by side, and the nearest row of free seats they fit on.

use super::{Plan, is_special};
use crate::seat_map::{SeatMap, SeatNo};

/// What it costs that a chair which somebody may need is taken by somebody who does not: more than any distance.
const NEEDED: f64 = 4.0;

impl Plan<'_> {
    /// A party's seats, cut where they were not side by side. Each block is in map order.
    pub(super) fn blocks(&self, party: &[SeatNo]) -> Vec<Vec<SeatNo>> {
        let mut seats = party.to_vec();
        seats.sort_unstable();
        let mut blocks: Vec<Vec<SeatNo>> = Vec::new();
        for seat in seats {
            let beside = |last: &SeatNo| {
                last.0 + 1 == seat.0
                    && self.runs_before[last.index()] == self.runs_before[seat.index()]
            };
            match blocks.last_mut() {
                Some(block) if block.last().is_some_and(beside) => block.push(seat),
                _ => blocks.push(vec![seat]),
            }
        }
        blocks
    }

    /// The nearest free seats side by side for a block, in the order of its seats.
    pub(super) fn nearest(&self, block: &[SeatNo]) -> Option<Vec<SeatNo>> {
        let mut best: Option<(f64, Window)> = None;
        for run in self.to.map.runs() {
            let windows = (run.len() + 1).saturating_sub(block.len());
            for first in run.start..run.start + windows {
                // A wheelchair place may be at the other end of its companion's seat here.
                for back in [false, true] {
                    let window = Window {
                        first,
                        len: block.len(),
                        back,
                    };
                    let better = |cost: &f64| best.is_none_or(|(known, _)| *cost < known);
                    if let Some(cost) = self.cost(block, window).filter(better) {
                        best = Some((cost, window));
                    }
                }
            }
        }
        best.map(|(_, window)| window.seats().collect())
    }

    /// How far the block is from there; `None` when it cannot sit there.
    fn cost(&self, block: &[SeatNo], window: Window) -> Option<f64> {
        let mut cost = 0.0;
        for (old, new) in block.iter().zip(window.seats()) {
            if !self.is_open(*old, new) {
                return None;
            }
            let (before, after) = (self.from.map.seat(*old)?, self.to.map.seat(new)?);
            if is_special(after.kind) && !is_special(before.kind) {
                cost += NEEDED;
            }
            let (x, y) = relative(self.from.map, *old);
            let (u, v) = relative(self.to.map, new);
            cost += (x - u).hypot(y - v);
        }
        Some(cost)
    }
}

/// Seats side by side, from either end.
#[derive(Clone, Copy)]
struct Window {
    first: usize,
    len: usize,
    back: bool,
}

impl Window {
    fn seats(self) -> impl Iterator<Item = SeatNo> {
        let last = self.first + self.len - 1;
        (0..self.len).map(move |at| {
            let seat = if self.back {
                last - at
            } else {
                self.first + at
            };
            SeatNo(seat as u16)
        })
    }
}

/// Where a seat is in its hall, both sides counted as one.
fn relative(map: &SeatMap, seat: SeatNo) -> (f64, f64) {
    let share = |at: f32, all: f32| f64::from(at) / f64::from(all.max(f32::MIN_POSITIVE));
    map.seat(seat).map_or((0.0, 0.0), |seat| {
        (share(seat.x, map.width), share(seat.y, map.height))
    })
}
