//! Every call of every path × every fault it can meet × what the buyer does then.
//!
//! A path is run once without a fault to learn its calls; then once for each call and fault. The rows are therefore
//! complete by construction: a call added to a use case is in the matrix the moment it is made.

use crate::{
    books::{self, Entry},
    buyer::{Act, Buyer, Card, Nature},
    house::House,
    wire::{Call, Fault},
};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, DECLINED, VISA};
use std::collections::BTreeSet;

const TWO: &[&str] = &["2-4", "2-5"];
const ONE: &[&str] = &["2-4"];

/// A path with the states in which its booking ends: the first when nothing disturbs it.
struct Path {
    name: &'static str,
    acts: &'static [Act],
    ends: &'static [&'static str],
}

const PATHS: &[Path] = &[
    Path {
        name: "buy",
        acts: &[Act::Hold(TWO), Act::Pay(VISA)],
        ends: &["confirmed"],
    },
    Path {
        name: "buy and cancel",
        acts: &[Act::Hold(TWO), Act::Pay(VISA), Act::Cancel(None)],
        ends: &["cancelled"],
    },
    Path {
        name: "cancel one of two",
        acts: &[Act::Hold(TWO), Act::Pay(VISA), Act::Cancel(Some(ONE))],
        ends: &["partly_cancelled"],
    },
    Path {
        name: "3-D Secure yes",
        acts: &[
            Act::Hold(TWO),
            Act::Pay(AUTHENTICATION_REQUIRED),
            Act::Bank(true),
        ],
        ends: &["confirmed"],
    },
    Path {
        name: "3-D Secure no",
        acts: &[
            Act::Hold(TWO),
            Act::Pay(AUTHENTICATION_REQUIRED),
            Act::Bank(false),
        ],
        ends: &["expired"],
    },
    Path {
        name: "3-D Secure never",
        acts: &[
            Act::Hold(TWO),
            Act::Pay(AUTHENTICATION_REQUIRED),
            Act::Minutes(16),
            Act::Bank(true),
        ],
        // While nobody could give the payment up, the bank's late yes still counts.
        ends: &["expired", "confirmed"],
    },
    Path {
        name: "declined, then paid",
        acts: &[Act::Hold(TWO), Act::Pay(DECLINED), Act::Pay(VISA)],
        ends: &["confirmed"],
    },
    Path {
        name: "let go while the bank waits",
        acts: &[
            Act::Hold(TWO),
            Act::Pay(AUTHENTICATION_REQUIRED),
            Act::Release,
        ],
        ends: &["released"],
    },
    Path {
        name: "extended, then left to run out",
        acts: &[
            Act::Hold(TWO),
            Act::Minutes(5),
            Act::Extend,
            Act::Minutes(9),
        ],
        ends: &["expired"],
    },
    Path {
        name: "a gift card pays a part",
        acts: &[Act::Hold(TWO), Act::PayWith(VISA, Card::Small)],
        ends: &["confirmed"],
    },
    Path {
        name: "a gift card pays all of it",
        acts: &[Act::Hold(TWO), Act::PayWith(VISA, Card::Large)],
        ends: &["confirmed"],
    },
    Path {
        name: "a gift card paid a part, and all is cancelled",
        acts: &[
            Act::Hold(TWO),
            Act::PayWith(VISA, Card::Small),
            Act::Cancel(None),
        ],
        ends: &["cancelled"],
    },
    Path {
        name: "a gift card paid all of it, and one is cancelled",
        acts: &[
            Act::Hold(TWO),
            Act::PayWith(VISA, Card::Large),
            Act::Cancel(Some(ONE)),
        ],
        ends: &["partly_cancelled"],
    },
    Path {
        name: "a gift card, declined, then paid",
        acts: &[
            Act::Hold(TWO),
            Act::PayWith(DECLINED, Card::Small),
            Act::PayWith(VISA, Card::Small),
        ],
        ends: &["confirmed"],
    },
    Path {
        name: "a gift card, 3-D Secure no",
        acts: &[
            Act::Hold(TWO),
            Act::PayWith(AUTHENTICATION_REQUIRED, Card::Small),
            Act::Bank(false),
        ],
        ends: &["expired"],
    },
    Path {
        name: "a gift card, 3-D Secure never",
        acts: &[
            Act::Hold(TWO),
            Act::PayWith(AUTHENTICATION_REQUIRED, Card::Small),
            Act::Minutes(16),
            Act::Bank(true),
        ],
        ends: &["expired", "confirmed"],
    },
];

/// What the guarantees name as steps; each must be among the calls of some path.
const STEPS: &[&str] = &[
    "hold",
    "attempt",
    "bank authorize",
    "authorized",
    "confirm",
    "bank capture",
    "captured",
    "issue",
    "notify",
    "cancel",
    "claim-refund",
    "release",
    "bank refund",
    "refunded",
    "bank simulate",
    "bank void",
    "voided",
    "declined",
    "extend",
    "expire",
    "claim-gift",
    "return-gift",
    "refund-gift",
];

/// The calls of a path when nothing goes wrong.
async fn calls_of(path: &Path) -> Vec<Call> {
    let mut house = House::new().await;
    let mut buyer = Buyer::new(1, Nature::Gone);
    assert!(buyer.go_through(&mut house, path.acts).await);
    let calls = house.wire.calls();
    house.let_everything_settle().await;
    let books = books::judge(&house).await.unwrap();
    assert_eq!(books.len(), 1, "{}", path.name);
    assert_eq!(books[0].status, path.ends[0], "{}", path.name);
    buyer.same_answers_again(&house).await.unwrap();
    calls
}

/// Runs a path with these faults. The number of calls it took, recovery included.
async fn run(path: &Path, nature: Nature, faults: &[(usize, Fault)]) -> Result<usize, String> {
    let mut house = House::new().await;
    for (at, fault) in faults {
        house.wire.arm(*at, *fault);
    }
    let mut buyer = Buyer::new(1, nature);
    let came_through = buyer.go_through(&mut house, path.acts).await;
    house.let_everything_settle().await;
    let calls = house.wire.calls().len();
    let books = books::judge(&house).await?;
    ended(path, nature, came_through, &books)?;
    buyer.same_answers_again(&house).await?;
    Ok(calls)
}

/// A buyer who comes back gets what an undisturbed one gets. One who does not has tickets or no costs, which the books
/// already say.
fn ended(path: &Path, nature: Nature, came_through: bool, books: &[Entry]) -> Result<(), String> {
    if books.len() > 1 {
        return Err(format!("one buyer has {} bookings", books.len()));
    }
    if nature == Nature::Gone || !came_through {
        return Ok(());
    }
    match books {
        [only] if path.ends.contains(&&*only.status) => Ok(()),
        other => Err(format!("should have ended {:?}: {other:?}", path.ends)),
    }
}

fn case(path: &Path, calls: &[Call], nature: Nature, faults: &[(usize, Fault)]) -> String {
    let faults: Vec<String> = faults
        .iter()
        .map(|(at, fault)| {
            let step = calls.get(*at).map_or("recovery", |call| &call.name);
            format!("{fault:?} at {at} ({step})")
        })
        .collect();
    format!("{} / {} / buyer {nature:?}", path.name, faults.join(", "))
}

fn report(what: &str, cases: usize, failures: &[String]) {
    println!("{what}: {cases} cases, {} failed", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Faults that suit the calls of a path, each with what the buyer may do then.
fn cases(calls: &[Call]) -> Vec<(Nature, usize, Fault)> {
    let mut cases = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.suits(call)) {
            for nature in [Nature::Gone, Nature::Prompt, Nature::Late] {
                cases.push((nature, at, fault));
            }
        }
    }
    cases
}

async fn every_call_meets_every_fault(path: &Path) {
    let calls = calls_of(path).await;
    let (mut failures, cases) = (Vec::new(), cases(&calls));
    for (nature, at, fault) in &cases {
        if let Err(what) = run(path, *nature, &[(*at, *fault)]).await {
            let name = case(path, &calls, *nature, &[(*at, *fault)]);
            failures.push(format!("{name}: {what}"));
        }
    }
    report(path.name, cases.len(), &failures);
}

/// Recovery meets a fault too: after a crash at any call, any later call is the last before another crash, or
/// its reply is lost.
async fn recovery_crashes_as_well(path: &Path) {
    let calls = calls_of(path).await;
    let (mut failures, mut cases) = (Vec::new(), 0);
    for first in (0..calls.len()).filter(|at| calls[*at].effect) {
        let crash = (first, Fault::CrashAfter);
        let all = run(path, Nature::Gone, &[crash]).await.unwrap();
        for second in first + 1..all {
            for fault in [Fault::CrashAfter, Fault::LostReply] {
                cases += 1;
                let faults = [crash, (second, fault)];
                if let Err(what) = run(path, Nature::Gone, &faults).await {
                    failures.push(format!(
                        "{}: {what}",
                        case(path, &calls, Nature::Gone, &faults)
                    ));
                }
            }
        }
    }
    report(
        &format!("{}, recovery crashes as well", path.name),
        cases,
        &failures,
    );
}

macro_rules! paths {
    ($($test:ident: $index:literal),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            every_call_meets_every_fault(&PATHS[$index]).await;
        }
    )+};
}

// A test each, so that they run beside each other.
paths! {
    buy: 0,
    buy_and_cancel: 1,
    cancel_one_of_two: 2,
    the_payers_bank_says_yes: 3,
    the_payers_bank_says_no: 4,
    the_payers_bank_says_nothing: 5,
    declined_then_paid: 6,
    let_go_while_the_bank_waits: 7,
    left_to_run_out: 8,
    a_gift_card_pays_a_part: 9,
    a_gift_card_pays_all_of_it: 10,
    a_gift_card_paid_a_part_and_all_is_cancelled: 11,
    a_gift_card_paid_all_of_it_and_one_is_cancelled: 12,
    a_gift_card_declined_then_paid: 13,
    a_gift_card_and_the_payers_bank_says_no: 14,
    a_gift_card_and_the_payers_bank_says_nothing: 15,
}

#[tokio::test]
async fn a_purchase_whose_recovery_crashes() {
    recovery_crashes_as_well(&PATHS[0]).await;
}

#[tokio::test]
async fn a_cancellation_whose_recovery_crashes() {
    recovery_crashes_as_well(&PATHS[1]).await;
}

#[tokio::test]
async fn a_purchase_with_a_gift_card_whose_recovery_crashes() {
    recovery_crashes_as_well(&PATHS[9]).await;
}

#[tokio::test]
async fn a_cancellation_with_a_gift_card_whose_recovery_crashes() {
    recovery_crashes_as_well(&PATHS[11]).await;
}

#[tokio::test]
async fn every_step_of_the_sagas_is_in_the_matrix() {
    let (mut names, mut all) = (BTreeSet::new(), 0);
    for path in PATHS {
        let calls = calls_of(path).await;
        all += cases(&calls).len();
        let words = calls.iter().flat_map(|call| call.name.split('+'));
        names.extend(words.map(str::to_owned));
    }
    let missing: Vec<_> = STEPS
        .iter()
        .filter(|step| !names.contains(**step))
        .collect();
    assert!(
        missing.is_empty(),
        "no path takes the steps {missing:?}: {names:?}"
    );
    println!(
        "{} paths, {} steps, {all} cases with one fault",
        PATHS.len(),
        names.len()
    );
}
