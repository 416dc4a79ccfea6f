//! Plans on small halls drawn as text, and rules that hold for every plan. Giving the money back is not here.

use super::*;
use crate::best_seats::hall::{DrawnHall, hall};
use proptest::prelude::*;

const WORTH: [i64; 2] = [1_000, 1_400];

fn of(drawn: &DrawnHall) -> Hall<'_> {
    Hall {
        map: &drawn.map,
        worth: &WORTH,
    }
}

/// Plans parties by the names of their seats; the names of their new ones, or "-".
fn planned(from: &str, to: &str, parties: &[&str], wishes: &[(&str, &str)]) -> Vec<String> {
    let rows = |text: &str| hall(&text.split('/').collect::<Vec<_>>());
    let (from, to) = (rows(from), rows(to));
    let parties: Vec<Vec<SeatNo>> = parties
        .iter()
        .map(|names| from.seats(&names.split(' ').collect::<Vec<_>>()))
        .collect();
    let wishes = wishes
        .iter()
        .map(|(old, new)| (from.seats(&[old])[0], to.seats(&[new])[0]))
        .collect();
    let seats = plan((of(&from), of(&to)), &parties, &wishes).unwrap();
    seats
        .into_iter()
        .map(|seats| seats.map_or("-".into(), |seats| to.names(&seats).join(" ")))
        .collect()
}

#[test]
fn whoever_can_keeps_the_label() {
    let same = planned("..../....", "..../....", &["A1 A2", "B3"], &[]);
    assert_eq!(same, ["A1 A2", "B3"]);
    // An aisle came between A2 and A3: the couple moves, and nobody's seat is taken for it.
    let apart = planned("....", ".. ..", &["A2 A3", "A1"], &[]);
    assert_eq!(apart, ["A3 A4", "A1"]);
}

#[test]
fn company_stays_together_or_gets_its_money_back() {
    // Row C is not there.
    let moved = planned("..../..../....", "..../....", &["C1 C2", "B1"], &[]);
    assert_eq!(moved, ["B2 B3", "B1"]);
    let too_many = planned("....", ".. ..", &["A1 A2 A3"], &[]);
    assert_eq!(too_many, ["-"]);
    // Those who did not sit together need not.
    let apart = planned(".. ..", ". . ..", &["A1 A3"], &[]);
    assert_eq!(apart, ["A1 A3"]);
}

#[test]
fn nobody_sits_worse() {
    assert_eq!(planned("p.", "..", &["A1"], &[]), ["-"]);
    assert_eq!(planned("p.", ".p", &["A1"], &[]), ["A2"]);
    assert_eq!(planned("..", "r.", &["A1"], &[]), ["A2"]);
    assert_eq!(planned("r.", "r.", &["A1"], &[]), ["A1"]);
    assert_eq!(planned("..", "pp", &["A1 A2"], &[]), ["A1 A2"]);
}

#[test]
fn a_wheelchair_place_stays_one() {
    assert_eq!(planned("wc..", "....", &["A1 A2"], &[]), ["-"]);
    assert_eq!(planned("wc..", "..cw", &["A1 A2"], &[]), ["A4 A3"]);
    // Nobody else is put on one, and on a companion's seat only when nothing else is left.
    assert_eq!(planned("..", "w.", &["A1", "A2"], &[]), ["-", "A2"]);
    assert_eq!(planned("..", "c.", &["A1"], &[]), ["A2"]);
    assert_eq!(planned("..", "c", &["A1"], &[]), ["A1"]);
}

#[test]
fn wishes_come_first() {
    let wished = planned(
        "....",
        "....",
        &["A1 A2", "A4"],
        &[("A1", "A4"), ("A2", "A3")],
    );
    assert_eq!(wished, ["A4 A3", "A2"]);
    // Staff may seat apart who would get nothing.
    let apart = planned("...", ".. .", &["A1 A2 A3"], &[("A3", "A3")]);
    assert_eq!(apart, ["A1 A2 A3"]);
    let halls = (hall(&["w.."]), hall(&["..."]));
    let plan_of = |wishes: Wishes| {
        let party = [halls.0.seats(&["A1"]), halls.0.seats(&["A2"])];
        plan((of(&halls.0), of(&halls.1)), &party, &wishes)
    };
    let wish = |list: &[(u16, u16)]| {
        let list = list.iter().map(|(old, new)| (SeatNo(*old), SeatNo(*new)));
        plan_of(list.collect()).unwrap_err()
    };
    assert_eq!(wish(&[(0, 1)]), WishError::Kind(SeatNo(0)));
    assert_eq!(wish(&[(2, 1)]), WishError::NobodyHas(SeatNo(2)));
    assert_eq!(wish(&[(1, 9)]), WishError::NobodyHas(SeatNo(1)));
}

#[test]
fn two_wishes_cannot_be_one_seat() {
    let halls = (hall(&["..."]), hall(&["..."]));
    let party = [halls.0.seats(&["A1", "A2"])];
    let wishes = Wishes::from([(SeatNo(0), SeatNo(2)), (SeatNo(1), SeatNo(2))]);
    let planned = plan((of(&halls.0), of(&halls.1)), &party, &wishes);
    assert_eq!(planned, Err(WishError::Twice(SeatNo(2))));
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[.prwca]{1,4}( [.prwca]{1,4})?", 1..5)
}

proptest! {
    /// No seat goes to two, nobody's is worse or of another kind, and company stays company, whatever the halls.
    #[test]
    fn every_plan_keeps_the_rules(before in rows(), after in rows(), cuts in proptest::collection::vec(1_usize..5, 1..12)) {
        let drawn = |rows: &[String]| hall(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let (from, to) = (drawn(&before), drawn(&after));
        let mut seats = (0..from.map.seats.len()).map(|at| SeatNo(at as u16));
        let mut parties: Vec<Vec<SeatNo>> = Vec::new();
        for cut in cuts {
            let party: Vec<SeatNo> = seats.by_ref().take(cut).collect();
            if !party.is_empty() {
                parties.push(party);
            }
        }
        let planned = plan((of(&from), of(&to)), &parties, &Wishes::new()).unwrap();
        let halls = Plan::new(of(&from), of(&to));
        let mut taken = std::collections::HashSet::new();
        for (party, seats) in parties.iter().zip(&planned) {
            let Some(seats) = seats else { continue };
            prop_assert_eq!(party.len(), seats.len());
            for (old, new) in party.iter().zip(seats) {
                prop_assert!(taken.insert(*new), "{} is given twice", new.0);
                prop_assert!(halls.fits(*old, *new));
            }
            for block in halls.blocks(party) {
                for pair in block.windows(2) {
                    let at = |seat: SeatNo| seats[party.iter().position(|one| *one == seat).unwrap()];
                    prop_assert!(halls.are_together(at(pair[0]), at(pair[1])));
                }
            }
        }
        // The same hall keeps everybody where they are.
        let same = plan((of(&from), of(&from)), &parties, &Wishes::new()).unwrap();
        prop_assert_eq!(same, parties.iter().cloned().map(Some).collect::<Vec<_>>());
    }
}

#[test]
fn a_place_is_known_whatever_it_is_put_aside_as() {
    for place in [0, 7, 19_999] {
        let place = SeatNo(place);
        assert!(!place.is_aside());
        for aside in place.aside() {
            assert!(aside.is_aside() && aside >= SeatNo::FIRST_ASIDE);
            assert_eq!(aside.place(), place);
        }
        assert_eq!(place.aside().count(), 2);
    }
}

#[test]
fn who_needs_a_place_gets_it_before_who_only_wants_one() {
    // One place without steps is left: for the one who had one, though the other was first.
    assert_eq!(planned("./a", "a", &["A1", "B1"], &[]), ["-", "A1"]);
}

#[test]
fn a_wish_keeps_kinds_apart_only_where_they_matter() {
    assert_eq!(planned("..", ".c", &["A1"], &[("A1", "A2")]), ["A2"]);
    assert_eq!(planned("w.", ".w", &["A1"], &[("A1", "A2")]), ["A2"]);
    let halls = (hall(&["."]), hall(&["w"]));
    let wishes = Wishes::from([(SeatNo(0), SeatNo(0))]);
    let planned = plan((of(&halls.0), of(&halls.1)), &[vec![SeatNo(0)]], &wishes);
    assert_eq!(planned, Err(WishError::Kind(SeatNo(0))));
}

#[test]
fn comfort_is_never_taken_away() {
    use SeatKind as K;
    let ordered = [
        vec![K::Standard],
        vec![K::Premium],
        vec![K::Recliner, K::Sofa],
    ];
    for (had, old) in ordered.iter().enumerate() {
        for (gets, new) in ordered.iter().enumerate() {
            for (old, new) in old
                .iter()
                .flat_map(|old| new.iter().map(move |new| (old, new)))
            {
                assert_eq!(kind_fits(*old, *new), gets >= had, "{old:?} → {new:?}");
            }
        }
    }
}

#[test]
fn a_label_names_the_area_where_there_are_several() {
    let mut map = hall(&["."]).map;
    let area = |name: &str| crate::seat_map::Area { name: name.into() };
    map.areas = vec![area("Stalls")];
    assert_eq!(label(&map, &map.seats[0]), ("", "A", "1"));
    map.areas.push(area("Balcony"));
    assert_eq!(label(&map, &map.seats[0]), ("Stalls", "A", "1"));
    map.areas.push(area("Boxes"));
    assert_eq!(label(&map, &map.seats[0]), ("Stalls", "A", "1"));
}
