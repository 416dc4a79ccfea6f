//! What the gap rule objects to, and that it never blocks for nothing.

use super::*;
use crate::best_seats::hall::{DrawnHall, hall};
use proptest::prelude::*;

fn verdict(drawn: &DrawnHall, chosen: &[&str]) -> GapVerdict {
    check(&drawn.map, &|seat| drawn.free(seat), &drawn.seats(chosen))
}

fn stranded_names(drawn: &DrawnHall, chosen: &[&str]) -> Vec<String> {
    drawn.names(&stranded(
        &drawn.map,
        &|seat| drawn.free(seat),
        &drawn.seats(chosen),
    ))
}

/// The names of the stranded and of the suggested seats.
fn objection(drawn: &DrawnHall, chosen: &[&str]) -> (Vec<String>, Vec<String>) {
    match verdict(drawn, chosen) {
        GapVerdict::Ok => panic!("the rule has no objection"),
        GapVerdict::Strands {
            stranded,
            suggestion,
        } => (
            drawn.names(&stranded),
            drawn.names(&suggestion.expect("there always is a suggestion")),
        ),
    }
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn a_seat_left_at_the_end_is_objected_to_and_the_end_suggested() {
    assert_eq!(
        objection(&hall(&["......"]), &["A2", "A3"]),
        (strings(&["A1"]), strings(&["A1", "A2"]))
    );
    assert_eq!(
        objection(&hall(&["......"]), &["A4", "A5"]),
        (strings(&["A6"]), strings(&["A5", "A6"]))
    );
}

#[test]
fn an_aisle_and_a_taken_seat_end_a_stretch() {
    assert_eq!(
        objection(&hall(&["x.... ...."]), &["A3"]).0,
        strings(&["A2"])
    );
    assert_eq!(
        objection(&hall(&["x.... ...."]), &["A4"]).0,
        strings(&["A5"])
    );
    assert_eq!(
        verdict(&hall(&["x.... ...."]), &["A5", "A6"]),
        GapVerdict::Ok
    );
}

#[test]
fn a_hole_between_chosen_seats_is_objected_to() {
    assert_eq!(
        objection(&hall(&["......"]), &["A3", "A5"]).0,
        strings(&["A4", "A6"])
    );
    assert_eq!(
        objection(&hall(&["........"]), &["A3", "A5"]),
        (strings(&["A4"]), strings(&["A3", "A4"]))
    );
}

#[test]
fn odd_remainders_the_last_seats_and_whole_stretches_pass() {
    assert_eq!(verdict(&hall(&["..."]), &["A1", "A2"]), GapVerdict::Ok);
    assert_eq!(verdict(&hall(&["..."]), &["A1", "A3"]), GapVerdict::Ok);
    assert_eq!(verdict(&hall(&[".."]), &["A1"]), GapVerdict::Ok);
    assert_eq!(verdict(&hall(&["x.x", "x..x"]), &["A2"]), GapVerdict::Ok);
    assert_eq!(
        verdict(&hall(&["...."]), &["A1", "A2", "A3", "A4"]),
        GapVerdict::Ok
    );
    assert_eq!(
        stranded_names(&hall(&["..."]), &["A1", "A2"]),
        strings(&["A3"]),
        "it is stranded, but not to be helped"
    );
}

#[test]
fn a_seat_that_was_alone_before_is_nobodys_fault() {
    assert_eq!(verdict(&hall(&["x.x...."]), &["A4", "A5"]), GapVerdict::Ok);
    assert!(stranded_names(&hall(&["x.x...."]), &["A4", "A5"]).is_empty());
}

#[test]
fn places_for_wheelchairs_and_companions_are_ignored() {
    assert_eq!(verdict(&hall(&["wc...."]), &["A3", "A4"]), GapVerdict::Ok);
    assert_eq!(verdict(&hall(&["wc...."]), &["A1"]), GapVerdict::Ok);
    assert_eq!(objection(&hall(&["wc...."]), &["A4"]).0, strings(&["A3"]));
    assert_eq!(
        objection(&hall(&["aa...."]), &["A2"]).0,
        strings(&["A1"]),
        "a seat without steps is a seat"
    );
}

#[test]
fn a_changed_holds_own_seats_count_as_free() {
    let drawn = hall(&["..xx.."]);
    let own = drawn.seats(&["A3", "A4"]);
    let free = |seat| drawn.free(seat) || own.contains(&seat);
    assert_eq!(
        stranded(&drawn.map, &free, &drawn.seats(&["A4", "A5"])),
        drawn.seats(&["A6"])
    );
    assert!(stranded(&drawn.map, &free, &drawn.seats(&["A5", "A6"])).is_empty());
}

#[test]
fn the_suggestion_stays_in_the_category_where_it_can() {
    assert_eq!(objection(&hall(&["......"]), &["A2"]).1, strings(&["A1"]));
    assert_eq!(objection(&hall(&[".pp..."]), &["A2"]).1, strings(&["A3"]));
    assert_eq!(
        objection(&hall(&[".p...."]), &["A2"]).1,
        strings(&["A1"]),
        "but it need not"
    );
}

#[test]
fn only_the_offending_stretch_is_moved() {
    let drawn = hall(&["......", "......"]);
    assert_eq!(
        objection(&drawn, &["A1", "A2", "B2", "B3"]).1,
        strings(&["A1", "A2", "B1", "B2"])
    );
    assert_eq!(
        objection(&drawn, &["A1", "A6", "B2", "B3"]).1,
        strings(&["A1", "A6", "B1", "B2"]),
        "seats that are apart and leave nobody alone stay where they are"
    );
}

#[test]
fn the_objection_names_row_and_seat() {
    let mut drawn = hall(&["......", "......"]);
    let words = |drawn: &DrawnHall, names: &[&str]| explain(&drawn.map, &drawn.seats(names));
    assert_eq!(
        words(&drawn, &["B1"]),
        "This choice leaves seat 1 in row B alone. Hardly anybody buys a single seat."
    );
    assert_eq!(
        words(&drawn, &["A1", "A6", "B3"]),
        "This choice leaves seats 1 and 6 in row A and seat 3 in row B each alone. Hardly anybody buys a single seat."
    );
    let area = |name: &str| crate::seat_map::Area { name: name.into() };
    drawn.map.areas = vec![area("Stalls")];
    assert!(words(&drawn, &["B1"]).contains("seat 1 in row B alone"));
    drawn.map.areas = vec![area(""), area("Stalls")];
    assert!(words(&drawn, &["B1"]).contains("seat 1 in row B alone"));
    drawn.map.areas = vec![
        crate::seat_map::Area {
            name: "Balcony".into(),
        },
        crate::seat_map::Area {
            name: "Stalls".into(),
        },
    ];
    assert!(words(&drawn, &["B1"]).contains("seat 1 in row B (Balcony)"));
    assert_eq!(explain(&drawn.map, &[]), "");
}

/// A hall of one to three rows, and a choice of free seats in it.
fn hall_and_choice() -> impl Strategy<Value = (DrawnHall, Vec<SeatNo>)> {
    prop::collection::vec("[.xp.wc. .]{0,11}[.]", 1..4).prop_flat_map(|rows| {
        let drawn = hall(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let free: Vec<SeatNo> = free_seats(&drawn);
        let most = free.len().min(6);
        (Just(drawn), prop::sample::subsequence(free, 1..=most))
    })
}

fn free_seats(drawn: &DrawnHall) -> Vec<SeatNo> {
    (0..drawn.map.seats.len())
        .map(|index| SeatNo(index as u16))
        .filter(|seat| drawn.free(*seat))
        .collect()
}

/// The definition of a stranded seat, read off the whole map rather than off the choice.
fn stranded_by_definition(drawn: &DrawnHall, chosen: &[SeatNo]) -> Vec<SeatNo> {
    let alone = |free: &dyn Fn(usize) -> bool| -> Vec<usize> {
        let runs = drawn.map.runs().flat_map(|run| {
            let seats: Vec<usize> = run.collect();
            seats
                .chunk_by(|a, b| free(*a) && free(*b))
                .map(<[usize]>::to_vec)
                .collect::<Vec<_>>()
        });
        runs.filter(|chunk| chunk.len() == 1 && free(chunk[0]))
            .map(|chunk| chunk[0])
            .collect()
    };
    let counted = |index: usize| {
        !matches!(
            drawn.map.seats[index].kind,
            SeatKind::Wheelchair | SeatKind::Companion
        ) && !drawn.taken[index]
    };
    let before = alone(&counted);
    let after = alone(&|index| counted(index) && !chosen.contains(&SeatNo(index as u16)));
    after
        .into_iter()
        .filter(|index| !before.contains(index))
        .map(|index| SeatNo(index as u16))
        .collect()
}

/// Every choice of as many seats in each of the touched stretches strands somebody, tried one by one.
fn nothing_else_is_possible(drawn: &DrawnHall, chosen: &[SeatNo]) -> bool {
    let free = |seat| drawn.free(seat);
    let choice = Choice {
        map: &drawn.map,
        free: &free,
        chosen,
    };
    choice.stretches().iter().all(|stretch| {
        let count = choice.taken_from(stretch);
        (0_u32..1 << stretch.len())
            .filter(|bits| bits.count_ones() as usize == count)
            .all(|bits| {
                let other: Vec<SeatNo> = stretch
                    .clone()
                    .enumerate()
                    .filter(|(bit, _)| bits >> bit & 1 == 1)
                    .map(|(_, index)| SeatNo(index as u16))
                    .collect();
                !stranded_by_definition(drawn, &other).is_empty()
            })
    })
}

proptest! {
    #[test]
    fn stranded_is_what_the_definition_says((drawn, chosen) in hall_and_choice()) {
        prop_assert_eq!(stranded(&drawn.map, &|seat| drawn.free(seat), &chosen), stranded_by_definition(&drawn, &chosen));
    }

    #[test]
    fn an_objection_names_stranded_seats_and_its_suggestion_satisfies_the_rule((drawn, chosen) in hall_and_choice()) {
        let free = |seat| drawn.free(seat);
        if let GapVerdict::Strands { stranded: named, suggestion } = check(&drawn.map, &free, &chosen) {
            let all = stranded(&drawn.map, &free, &chosen);
            prop_assert!(!named.is_empty() && named.iter().all(|seat| all.contains(seat)));
            let suggestion = suggestion.expect("there always is a suggestion");
            prop_assert_eq!(suggestion.len(), chosen.len());
            prop_assert!(suggestion.windows(2).all(|pair| pair[0] < pair[1]), "distinct and in order");
            prop_assert!(suggestion.iter().all(|seat| drawn.free(*seat)));
            prop_assert_eq!(check(&drawn.map, &free, &suggestion), GapVerdict::Ok);
        }
    }

    #[test]
    fn it_never_blocks_when_nothing_else_is_possible((drawn, chosen) in hall_and_choice()) {
        if nothing_else_is_possible(&drawn, &chosen) {
            prop_assert_eq!(check(&drawn.map, &|seat| drawn.free(seat), &chosen), GapVerdict::Ok);
        }
    }

    #[test]
    fn what_passes_though_it_strands_could_not_be_helped((drawn, chosen) in hall_and_choice()) {
        let free = |seat| drawn.free(seat);
        if check(&drawn.map, &free, &chosen) == GapVerdict::Ok {
            let choice = Choice { map: &drawn.map, free: &free, chosen: &chosen };
            for stretch in choice.stretches() {
                let mut alone = Vec::new();
                choice.alone_in(&stretch, &mut alone);
                let here: Vec<SeatNo> = chosen.iter().copied().filter(|seat| stretch.contains(&seat.index())).collect();
                prop_assert!(alone.is_empty() || nothing_else_is_possible(&drawn, &here));
            }
        }
    }

    /// A caller may ask before or after the seats were taken.
    #[test]
    fn chosen_seats_count_as_free_whatever_is_said_of_them((drawn, chosen) in hall_and_choice()) {
        let others = |seat: SeatNo| drawn.free(seat) && !chosen.contains(&seat);
        let with_them = check(&drawn.map, &|seat| drawn.free(seat), &chosen);
        prop_assert_eq!(check(&drawn.map, &others, &chosen), with_them);
    }

    #[test]
    fn all_free_seats_may_always_be_taken((drawn, _) in hall_and_choice()) {
        let all = free_seats(&drawn);
        prop_assert_eq!(check(&drawn.map, &|seat| drawn.free(seat), &all), GapVerdict::Ok);
    }
}
