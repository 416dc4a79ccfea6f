//! A model of hold × expiry × payment × crash × two servers, explored completely.
//!
//! Two buyers want the same seat; each has a hold, up to two payments, a bank that may ask, take, refuse or be slow, and
//! servers that die between any two steps. What a server decides is not modelled: it is the product's own decision
//! ([`matinee_domain::settlement::next`]) and its own table of payment steps. Modelled are the database (one step is one
//! transaction), the bank, time passing, and what goes on at once. Prices, tickets, messages and answers are left out;
//! the simulation of the real code has them.

mod sale;
mod world;

use matinee_domain::{
    payment::PaymentStatus,
    settlement::{Next, next},
};
use sale::Sale;
use stateright::{Checker, HasDiscoveries, Model};
use world::{Decide, World};

#[test]
fn every_reachable_state_keeps_the_promises() {
    let checker = Sale { decide: next }
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    println!(
        "{} states, {} of them different, depth {}",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
    assert!(
        checker.unique_state_count() > 10_000,
        "the model is too small"
    );
}

/// The checks themselves work: a world in which a promise is broken is found broken.
#[test]
fn a_broken_world_is_seen() {
    let mut world = World::default();
    world.sell_twice();
    assert!(!world.sold_once());
    let mut world = World::default();
    world.strand_money();
    assert!(!world.no_money_is_stranded());
}

/// Each way of spoiling the decision is found by the promise it breaks.
#[test]
fn a_spoiled_decision_is_found() {
    let spoiled: [(&str, Decide); 2] = [
        (
            "an authorization is forgotten",
            |gateway, payment, booking| match next(gateway, payment, booking) {
                Next::Record(PaymentStatus::Authorized) => Next::Record(PaymentStatus::Voided),
                other => other,
            },
        ),
        (
            "late money is kept",
            |gateway, payment, booking| match next(gateway, payment, booking) {
                Next::GiveBack => Next::Done,
                other => other,
            },
        ),
    ];
    for (what, decide) in spoiled {
        let checker = Sale { decide }
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        assert!(
            checker.discovery("no money is stranded").is_some(),
            "{what}: not found"
        );
    }
}
