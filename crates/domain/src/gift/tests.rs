//! What a code survives, what a card pays, and where money goes back.

use super::*;
use crate::{
    ids::{TheaterId, time_ordered},
    money::Currency,
};

const EUR: Currency = Currency::new(*b"EUR");

fn card(balance: i64) -> GiftCard {
    GiftCard {
        card_id: GiftCardId::from_parts(TheaterId::from_bytes([1; 16]), time_ordered(1, [2; 16])),
        last4: "7K3M".into(),
        initial: Money::new(5000, EUR),
        balance: Money::new(balance, EUR),
        state: GiftState::Active,
        ends_at: None,
    }
}

fn random(seed: u8) -> [u8; 12] {
    let mut bytes = [0; 12];
    let mut x = u32::from(seed) + 1;
    for byte in &mut bytes {
        x = x.wrapping_mul(0x9E37_79B1).rotate_left(13) ^ 0x5bd1;
        *byte = (x >> 11) as u8;
    }
    bytes
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    for seed in 0..=255 {
        let code = GiftCode::from_random(random(seed));
        let printed = code.to_string();
        assert_eq!(printed.len(), 24);
        assert!(printed.ends_with(&format!("-{}", code.last4())));
        for typed in [
            printed.clone(),
            printed.to_lowercase(),
            printed.replace('-', ""),
            printed.replace('-', "  "),
            printed.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(typed.parse().as_ref(), Ok(&code), "{typed}");
        }
    }
}

#[test]
fn every_bit_of_the_dice_is_in_the_code() {
    let zero = GiftCode::from_random([0; 12]);
    // The topmost of the 96 bits is the only one that is not used.
    for bit in 0..95 {
        let mut random = [0_u8; 12];
        random[11 - bit / 8] |= 1 << (bit % 8);
        assert_ne!(GiftCode::from_random(random), zero, "bit {bit}");
    }
}

#[test]
fn one_wrong_character_is_noticed() {
    for seed in 0..8 {
        let code = GiftCode::from_random(random(seed));
        for place in 0..LENGTH {
            for symbol in ALPHABET.iter().filter(|symbol| **symbol != code.0[place]) {
                let mut wrong = code.0;
                wrong[place] = *symbol;
                assert!(text(&wrong).parse::<GiftCode>().is_err());
            }
        }
    }
}

#[test]
fn other_texts_are_no_codes() {
    let code = GiftCode::from_random(random(3)).to_string();
    for typed in [
        "",
        "ABC",
        "GIFT",
        &code[1..],
        &format!("{code}0"),
        &code.replace(&code[..1], "ß"),
    ] {
        assert_eq!(typed.parse::<GiftCode>(), Err(NotAGiftCode), "{typed}");
    }
    assert!("0".repeat(100_000).parse::<GiftCode>().is_err());
}

#[test]
fn a_code_does_not_get_into_a_log() {
    let code = GiftCode::from_random(random(9));
    let logged = format!("{code:?}");
    assert!(!logged.contains(text(&code.0[..8])), "{logged}");
}

#[test]
fn a_card_pays_what_is_due_and_what_it_has() {
    let due = |amount| Money::new(amount, EUR);
    assert_eq!(card(5000).covers(due(2900), 0), Some(due(2900)));
    assert_eq!(card(1000).covers(due(2900), 0), Some(due(1000)));
    assert_eq!(card(0).covers(due(2900), 0), Some(due(0)));
    assert_eq!(card(1000).covers(due(0), 0), Some(due(0)));
    let elsewhere = Money::new(100, Currency::new(*b"CHF"));
    assert_eq!(card(1000).covers(elsewhere, 0), None);
}

#[test]
fn a_card_leaves_nothing_or_as_much_as_can_be_charged() {
    let least = 50;
    for (balance, total, pays) in [
        (5000, 2900, 2900),
        (2900, 2900, 2900),
        // Ten cents would be left.
        (2890, 2900, 2850),
        (2850, 2900, 2850),
        (2849, 2900, 2849),
        // Nothing that it could pay leaves enough.
        (40, 50, 0),
        (20, 45, 0),
        (45, 45, 45),
        (0, 2900, 0),
        (10, 0, 0),
    ] {
        let covered = card(balance).covers(Money::new(total, EUR), least);
        assert_eq!(
            covered.map(|covered| covered.amount_minor),
            Some(pays),
            "{balance} of {total}"
        );
    }
}

#[test]
fn a_card_pays_until_it_ends_or_is_blocked() {
    let end = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    let second = chrono::TimeDelta::seconds(1);
    let ending = GiftCard {
        ends_at: Some(end),
        ..card(1)
    };
    assert!(ending.is_open(end - second) && !ending.is_open(end));
    assert!(card(1).is_open(end));
    let blocked = GiftCard {
        state: GiftState::Blocked,
        ..card(1)
    };
    assert!(!blocked.is_open(end - second));
}

#[test]
fn money_goes_back_first_to_the_payer_and_never_more_than_there_was() {
    let back = |amount, charged, card| {
        let back = Back::of(amount, charged, card);
        (back.payer_minor, back.card_minor)
    };
    assert_eq!(back(1500, 2000, 1000), (1500, 0));
    assert_eq!(back(2500, 2000, 1000), (2000, 500));
    assert_eq!(back(3000, 2000, 1000), (2000, 1000));
    assert_eq!(back(9000, 2000, 1000), (2000, 1000));
    assert_eq!(back(700, 0, 1000), (0, 700));
    assert_eq!(back(0, 2000, 1000), (0, 0));
}

#[test]
fn texts_come_back() {
    for state in [GiftState::Active, GiftState::Blocked] {
        assert_eq!(GiftState::parse(state.as_str()), Some(state));
    }
    use GiftEntryKind as K;
    for kind in [K::Issue, K::Claim, K::Return, K::Refund] {
        assert_eq!(GiftEntryKind::parse(kind.as_str()), Some(kind));
    }
}

/// Cards are printed: a code that was good once has to stay good.
#[test]
fn a_printed_code_stays_what_it_is() {
    let random = std::array::from_fn(|at| at as u8 + 1);
    let code = GiftCode::from_random(random);
    assert_eq!(code.to_string(), "CR2M-G401-7G1A-02C0-2802");
    assert_eq!(code.as_bytes(), b"CR2MG4017G1A02C02802");
    assert_eq!(
        GiftCode::from_random([255; 12]).to_string(),
        "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZK"
    );
}

#[test]
fn a_refund_can_be_spent_and_nothing_else_prolongs_a_card() {
    use GiftEntryKind as K;
    let at = DateTime::from_timestamp(1_900_000_000, 0).unwrap();
    assert_eq!(K::Refund.good_until(at), Some(at + limits::GIFT_PROLONGED));
    for kind in [K::Issue, K::Claim, K::Return] {
        assert_eq!(kind.good_until(at), None, "{kind:?}");
    }
}

#[test]
fn a_part_holds_what_is_not_back_on_its_card() {
    let part = GiftPart {
        card_id: card(0).card_id,
        last4: "7K3M".into(),
        amount_minor: 1000,
        returned_minor: 300,
    };
    assert_eq!(part.held_minor(), 700);
    assert_eq!(part.label(), "Gift card •••• 7K3M");
}
