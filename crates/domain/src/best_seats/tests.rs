//! Which seats are offered.

use super::alternatives::majority_category;
use super::hall::{DrawnHall, hall};
use super::*;
use proptest::prelude::*;

fn best(drawn: &DrawnHall, count: usize) -> Option<Vec<String>> {
    best_seats(&drawn.map, &|seat| drawn.free(seat), count, &|_| true)
        .map(|seats| drawn.names(&seats))
}

fn best_of(rows: &[&str], count: usize) -> Vec<String> {
    best(&hall(rows), count).expect("enough seats are free")
}

fn nearest(drawn: &DrawnHall, wanted: &[&str], limit: usize) -> Vec<Vec<String>> {
    let found = alternatives(
        &drawn.map,
        &|seat| drawn.free(seat),
        &drawn.seats(wanted),
        limit,
    );
    found.iter().map(|seats| drawn.names(seats)).collect()
}

#[test]
fn an_empty_hall_offers_the_middle_two_thirds_back() {
    assert_eq!(best_of(&[".........."; 10], 2), ["G5", "G6"]);
    assert_eq!(best_of(&["........."; 10], 3), ["G4", "G5", "G6"]);
    assert_eq!(best_of(&["....."; 10], 1), ["G3"]);
}

#[test]
fn a_party_never_sits_across_an_aisle() {
    let seats = best_of(&[".... ...."; 4], 3);
    let same_side = |number: &str| number[1..].parse::<u8>().unwrap() <= 4;
    assert!(seats.iter().all(|seat| same_side(seat)) || !seats.iter().any(|seat| same_side(seat)));
}

#[test]
fn together_in_a_worse_row_beats_apart_in_a_better_one() {
    assert_eq!(best_of(&["....", "x.x.", ".x.x"], 3), ["A1", "A2", "A3"]);
}

#[test]
fn restricted_views_and_places_that_somebody_needs_come_last() {
    assert_eq!(best_of(&["......", "rrrrrr"], 2), ["A3", "A4"]);
    assert_eq!(best_of(&["rr", "wc"], 2), ["A1", "A2"]);
    assert_eq!(
        best_of(&["aaaa", "....", "aaaa"], 4),
        ["B1", "B2", "B3", "B4"]
    );
    assert_eq!(
        best_of(&["xx", "wc"], 2),
        ["B1", "B2"],
        "but they are offered when nothing else is left"
    );
}

#[test]
fn what_is_not_allowed_is_not_offered() {
    let drawn = hall(&["......", "pppppp"]);
    let premium = |seat: &Seat| seat.category == 1;
    let seats = best_seats(&drawn.map, &|seat| drawn.free(seat), 2, &premium).unwrap();
    assert_eq!(drawn.names(&seats), ["B3", "B4"]);
    assert_eq!(
        best_seats(&drawn.map, &|seat| drawn.free(seat), 7, &premium),
        None
    );
}

#[test]
fn a_single_gap_is_avoided_where_another_choice_is_as_good() {
    // Both rows are equally far from ideal; row A would leave a single seat.
    assert_eq!(best_of(&["x...x", "x..xx"], 2), ["B2", "B3"]);
    // Two thirds back is row G, where any pair leaves one alone; a row in front none.
    let mut rows = ["xxxxx"; 10];
    (rows[5], rows[6]) = ("x..xx", "x...x");
    assert_eq!(best_of(&rows, 2), ["F2", "F3"]);
    // The pairs nearest to the middle would leave one alone, which the gap rule could refuse.
    assert_eq!(best_of(&["....."], 2), ["A1", "A2"]);
}

#[test]
fn a_party_that_fits_nowhere_is_split_once_and_kept_near() {
    assert_eq!(
        best_of(&["x..x", "x..x", "xxxx", "x..x"], 4),
        ["A2", "A3", "B2", "B3"]
    );
    // One piece of three and one of one would do; nobody need sit alone.
    assert_eq!(
        best_of(&["...", "..."], 4)
            .iter()
            .filter(|seat| seat.starts_with('A'))
            .count(),
        2
    );
}

#[test]
fn ordinary_seats_apart_come_before_a_split_with_places_that_somebody_needs() {
    assert_eq!(best_of(&["x.x", ".x.", "wxw"], 3), ["A2", "B1", "B3"]);
}

#[test]
fn too_few_free_seats_are_none_and_no_seats_are_no_question() {
    assert_eq!(best(&hall(&["..x"]), 3), None);
    assert_eq!(best(&hall(&["xxx"]), 1), None);
    assert_eq!(best(&hall(&["xxx"]), 0), Some(vec![]));
    assert_eq!(best(&hall(&["..x"]), usize::MAX), None);
}

#[test]
fn the_nearest_equal_seats_come_first_and_share_no_seat_where_they_need_not() {
    let drawn = hall(&["........", "..xx....", "........"]);
    let found = nearest(&drawn, &["B3", "B4"], 3);
    assert_eq!(found, [["A3", "A4"], ["C3", "C4"], ["B1", "B2"]]);
    assert_eq!(
        nearest(&hall(&["xx..."]), &["A1", "A2"], 3),
        [["A3", "A4"], ["A4", "A5"]]
    );
}

#[test]
fn alternatives_that_the_gap_rule_accepts_are_preferred_and_still_told_nearest_first() {
    let drawn = hall(&["xx....."]);
    assert_eq!(
        nearest(&drawn, &["A1", "A2"], 2),
        [["A3", "A4"], ["A6", "A7"]]
    );
    let all = [["A3", "A4"], ["A4", "A5"], ["A5", "A6"], ["A6", "A7"]];
    assert_eq!(nearest(&drawn, &["A1", "A2"], 9), all);
}

#[test]
fn alternatives_keep_to_the_category_of_most_wanted_seats() {
    let drawn = hall(&["....", "xxpp", "pppp"]);
    assert_eq!(
        nearest(&drawn, &["B2", "B3", "B4"], 2),
        [["C2", "C3", "C4"], ["C1", "C2", "C3"]]
    );
    assert_eq!(
        nearest(&drawn, &["A1", "A2", "B3"], 1),
        [["A1", "A2", "A3"]]
    );
}

#[test]
fn a_wheelchair_user_is_offered_a_wheelchair_place_first() {
    let drawn = hall(&["......", "wc..wc", "......"]);
    let gone = drawn.seats(&["B1", "B2"]);
    let free = |seat| !gone.contains(&seat);
    let found = alternatives(&drawn.map, &free, &gone, 1);
    assert_eq!(drawn.names(&found[0]), ["B5", "B6"]);
    assert!(nearest(&hall(&["x.wc.."]), &["A1"], 1) == [["A2"]]);
    assert_eq!(
        nearest(&hall(&["xw...."]), &["A1"], 1),
        [["A3"]],
        "and nobody else is"
    );
}

#[test]
fn nothing_wanted_or_nothing_known_has_no_alternatives() {
    let drawn = hall(&["...."]);
    assert!(nearest(&drawn, &[], 3).is_empty());
    assert!(nearest(&drawn, &["A1"], 0).is_empty());
    assert!(alternatives(&drawn.map, &|_| true, &[SeatNo(99)], 3).is_empty());
}

/// The fastest of a few runs: a busy machine slows most of them, a slow algorithm all.
#[test]
fn two_thousand_seats_have_room_for_every_party() {
    let open = hall(&["........................................"; 50]);
    let scattered = hall(&[".x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x"; 50]);
    for (drawn, count) in [
        (&open, 2),
        (&open, 10),
        (&scattered, 2),
        (&scattered, 10),
        (&scattered, 50),
    ] {
        let seats = best(drawn, count).expect("enough seats are free");
        let different: std::collections::BTreeSet<_> = seats.iter().collect();
        assert_eq!(different.len(), count);
        let wanted: Vec<SeatNo> = (0..count)
            .map(|index| SeatNo(1_000 + index as u16))
            .collect();
        let found = alternatives(&drawn.map, &|seat| drawn.free(seat), &wanted, 3);
        assert!(found.iter().flatten().all(|seat| drawn.free(*seat)));
    }
}

fn any_hall() -> impl Strategy<Value = DrawnHall> {
    // Half of them without places that somebody needs, where distance alone decides.
    let ordinary = prop::collection::vec("[.x.pr. ]{0,12}[.x]", 1..6);
    let mixed = prop::collection::vec("[.x.prwca. ]{0,12}[.x]", 1..6);
    prop_oneof![ordinary, mixed]
        .prop_map(|rows| hall(&rows.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Some row between aisles has `count` seats side by side that pass.
fn some_run_has(drawn: &DrawnHall, count: usize, pass: &dyn Fn(usize) -> bool) -> bool {
    drawn.map.runs().any(|run| {
        run.collect::<Vec<_>>()
            .windows(count)
            .any(|seats| seats.iter().all(|seat| pass(*seat)))
    })
}

fn together(drawn: &DrawnHall, seats: &[SeatNo]) -> bool {
    let in_one = |run: Range<usize>| seats.iter().all(|seat| run.contains(&seat.index()));
    drawn.map.runs().any(in_one) && seats.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1)
}

/// The fewest pieces that seat `count`, from the lengths of the pieces; only of seats that `pass`.
fn fewest_pieces(drawn: &DrawnHall, count: usize, pass: &dyn Fn(usize) -> bool) -> usize {
    let mut lengths: Vec<usize> = drawn
        .map
        .runs()
        .flat_map(|run| {
            run.collect::<Vec<_>>()
                .split(|seat| !pass(*seat))
                .map(<[usize]>::len)
                .collect::<Vec<_>>()
        })
        .collect();
    lengths.sort_unstable();
    let mut seated = 0;
    let mut pieces = 0;
    while seated < count {
        seated += lengths.pop().expect("enough seats are free");
        pieces += 1;
    }
    pieces
}

fn pieces_of(drawn: &DrawnHall, seats: &[SeatNo]) -> usize {
    let starts: Vec<usize> = drawn.map.runs().map(|run| run.start).collect();
    let continues =
        |pair: &[SeatNo]| pair[1].0 == pair[0].0 + 1 && !starts.contains(&pair[1].index());
    seats.len() - seats.windows(2).filter(|pair| continues(pair)).count()
}

proptest! {
    /// Else a theater that enforces the rule would offer what it then refuses.
    #[test]
    fn the_gap_rule_objects_to_the_best_seats_only_where_it_does_to_all(drawn in any_hall(), count in 1..6_usize) {
        let free = |seat| drawn.free(seat);
        let Some(seats) = best_seats(&drawn.map, &free, count, &|_| true) else { return Ok(()) };
        let passes = |seats: &[SeatNo]| gap::check(&drawn.map, &free, seats) == gap::GapVerdict::Ok;
        let some_window_passes = drawn.map.runs().any(|run| {
            let run: Vec<SeatNo> = seat_nos(run).collect();
            run.windows(count).any(|window| window.iter().all(|seat| free(*seat)) && passes(window))
        });
        prop_assert!(!some_window_passes || passes(&seats), "{:?}", drawn.names(&seats));
    }

    #[test]
    fn the_best_seats_are_free_allowed_distinct_and_as_many_as_asked(
        drawn in any_hall(), count in 1..12_usize, premium_too in any::<bool>(),
    ) {
        let allowed = |seat: &Seat| premium_too || seat.category == 0;
        let pass = |index: usize| !drawn.taken[index] && allowed(&drawn.map.seats[index]);
        let enough = (0..drawn.map.seats.len()).filter(|index| pass(*index)).count() >= count;
        let found = best_seats(&drawn.map, &|seat| drawn.free(seat), count, &allowed);
        prop_assert_eq!(found.is_some(), enough, "none only when fewer are free");
        let Some(seats) = found else { return Ok(()) };
        prop_assert_eq!(seats.len(), count);
        prop_assert!(seats.windows(2).all(|pair| pair[0] < pair[1]), "distinct and in map order");
        prop_assert!(seats.iter().all(|seat| pass(seat.index())));
        prop_assert_eq!(together(&drawn, &seats), some_run_has(&drawn, count, &pass), "together where any run has room");
    }

    #[test]
    fn a_split_has_as_few_pieces_as_its_seats_allow(drawn in any_hall(), count in 2..12_usize) {
        let Some(seats) = best_seats(&drawn.map, &|seat| drawn.free(seat), count, &|_| true) else { return Ok(()) };
        let pass = |index: usize| !drawn.taken[index];
        if some_run_has(&drawn, count, &pass) {
            return Ok(());
        }
        // It is split among the least needed seats that suffice.
        let worst = seats.iter().map(|seat| Rank::of(&drawn.map.seats[seat.index()])).max().unwrap_or(Rank::Ordinary);
        let considered = |index: usize| pass(index) && Rank::of(&drawn.map.seats[index]) <= worst;
        let better = (0..drawn.map.seats.len()).filter(|index| pass(*index) && Rank::of(&drawn.map.seats[*index]) < worst);
        prop_assert!(better.count() < count, "no place that somebody needs where others would do");
        prop_assert_eq!(pieces_of(&drawn, &seats), fewest_pieces(&drawn, count, &considered));
    }

    #[test]
    fn alternatives_are_free_together_equal_and_nearest_first(
        drawn in any_hall(), first in any::<prop::sample::Index>(), count in 1..5_usize, limit in 1..6_usize,
    ) {
        let total = drawn.map.seats.len();
        let count = count.min(total);
        let start = first.index(total - count + 1);
        let wanted: Vec<SeatNo> = (start..start + count).map(|index| SeatNo(index as u16)).collect();
        let category = majority_category(&wanted.iter().map(|seat| &drawn.map.seats[seat.index()]).collect::<Vec<_>>()).unwrap();
        let found = alternatives(&drawn.map, &|seat| drawn.free(seat), &wanted, limit);
        prop_assert!(found.len() <= limit);
        let pass = |index: usize| !drawn.taken[index] && drawn.map.seats[index].category == category;
        prop_assert_eq!(found.is_empty(), !some_run_has(&drawn, count, &pass), "some where there are any");
        for (index, seats) in found.iter().enumerate() {
            prop_assert_eq!(seats.len(), count);
            prop_assert!(seats.iter().all(|seat| pass(seat.index())));
            prop_assert!(together(&drawn, seats));
            prop_assert!(!found[..index].contains(seats));
        }
        let ordinary = drawn.map.seats.iter().all(|seat| Rank::of(seat) != Rank::Needed);
        let centre = |seats: &[SeatNo]| mean_point(seats.iter().map(|seat| (drawn.map.seats[seat.index()].x, drawn.map.seats[seat.index()].y)));
        let away = |seats: &[SeatNo]| (centre(seats).0 - centre(&wanted).0).hypot(centre(seats).1 - centre(&wanted).1);
        if ordinary {
            prop_assert!(found.windows(2).all(|pair| away(&pair[0]) <= away(&pair[1])));
        }
    }
}
