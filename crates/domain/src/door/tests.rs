//! Verdicts, reason by reason, and the order in which scans count, whoever tells them.

use super::*;
use crate::ids::TheaterId;
use proptest::prelude::*;

fn show(own: u8) -> ShowId {
    ShowId::from_parts(TheaterId::from_bytes([1; 16]), [own; 16])
}

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// For a show of two hours at minute 0.
fn ticket() -> Presented {
    Presented {
        standing: Standing::Valid,
        newest: true,
        paid: true,
        test: false,
        show: show(1),
        starts_at: at(0),
        ends_at: at(120),
    }
}

const DOOR: Door = Door {
    show: None,
    opens_minutes: 60,
    test_mode: false,
};

#[test]
fn each_reason_has_its_own_verdict() {
    use ScanVerdict as V;
    let here = Door {
        show: Some(show(1)),
        ..DOOR
    };
    let there = Door {
        show: Some(show(2)),
        ..DOOR
    };
    let trial = Door {
        test_mode: true,
        ..DOOR
    };
    let void = Presented {
        standing: Standing::Void,
        ..ticket()
    };
    let used = Presented {
        standing: Standing::Redeemed,
        ..ticket()
    };
    let old = Presented {
        newest: false,
        ..ticket()
    };
    let unpaid = Presented {
        paid: false,
        ..ticket()
    };
    let test = Presented {
        test: true,
        ..ticket()
    };
    for (door, ticket, minute, verdict) in [
        (DOOR, ticket(), 0, V::Admitted),
        (here, ticket(), 0, V::Admitted),
        (there, ticket(), 0, V::WrongShow),
        (DOOR, used, 0, V::Already),
        (there, used, 0, V::WrongShow),
        (DOOR, used, 120, V::TooLate),
        (DOOR, void, 0, V::Cancelled),
        (there, void, -600, V::Cancelled),
        (DOOR, old, 0, V::Revoked),
        (DOOR, unpaid, 0, V::NotPaid),
        (DOOR, test, 0, V::TestTicket),
        (trial, test, 0, V::Admitted),
        (DOOR, ticket(), -61, V::TooEarly),
        (DOOR, ticket(), -60, V::Admitted),
        (DOOR, ticket(), 119, V::Admitted),
        (DOOR, ticket(), 120, V::TooLate),
    ] {
        assert_eq!(door.judge(&ticket, at(minute)), verdict, "{minute}");
    }
}

#[test]
fn verdicts_come_back_from_their_text() {
    for verdict in ScanVerdict::ALL {
        assert_eq!(ScanVerdict::parse(verdict.as_str()), Some(verdict));
        let json = serde_json::to_value(verdict).unwrap();
        assert_eq!(json, serde_json::json!(verdict.as_str()));
    }
    assert_eq!(ScanVerdict::parse("maybe"), None);
}

proptest! {
    #[test]
    fn the_order_of_scans_is_theirs_and_not_that_of_telling(
        scans in proptest::collection::vec((0_i64..5, any::<[u8; 16]>()), 1..20).prop_shuffle(),
        turn in 0_usize..20,
    ) {
        let mut told: Vec<Entry> = scans
            .iter()
            .map(|(minute, id)| Entry {
                scan_id: ScanId::from_bytes(*id),
                scanned_at: at(*minute),
                door: "North".into(),
            })
            .collect();
        let mut turned = told.clone();
        let by = turn % turned.len();
        turned.rotate_left(by);
        in_order(&mut told);
        in_order(&mut turned);
        prop_assert_eq!(&told, &turned);
        let earliest = scans.iter().map(|(minute, _)| *minute).min().unwrap();
        prop_assert_eq!(told[0].scanned_at, at(earliest));
    }
}
