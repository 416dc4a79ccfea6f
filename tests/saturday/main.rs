//! A full Saturday: one cinema of four screens from the first sale to the count of the drawers, with a bad afternoon.
//!
//! The server is held to one core and its clock is moved through the day by libfaketime. Money goes by cash, by a card
//! terminal, and through the real localstripe. What is checked at the end is the point: nobody touched the database, and
//! our books, the gateway's and the drawers agree to the cent. How long people waited is printed, not asserted.

mod books;
mod doors;
mod house;
mod sales;

use books::Books;
use house::{House, SLOTS};
use matinee_tests::stripe::Fault;
use std::time::{Duration, Instant};

/// Of each show: bookings of two seats sold on the web, by the app, and at the counter (cash, terminal, invitations).
const WEB: usize = 20;
const APP: usize = 2;
const CASH: usize = 9;
const TERMINAL: usize = 8;
const INVITED: usize = 1;
/// Refunds: to people who cancel, and by staff.
const CANCEL: usize = 30;
const STAFF_REFUNDS: usize = 20;
/// The slot whose first half is the bad hour: no way to the gateway, doors without network.
const OUTAGE_SLOT: usize = 2;
/// Slot and screen of the show that the theater cancels.
const CANCELLED: (usize, usize) = (3, 2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_saturday_ends_with_books_that_agree() {
    let Some(mut house) = House::open().await else {
        assert!(
            std::env::var_os("CI").is_none(),
            "the clock of a program cannot be set here (faketime)"
        );
        eprintln!("not played: the clock of a program cannot be set here (faketime)");
        return;
    };
    let begun = Instant::now();
    let mut books = Books::default();

    house.it_is("09:00");
    sales::on_the_web(&mut house, &mut books, WEB).await;
    sales::in_the_app(&house, &mut books, APP).await;
    house.it_is("09:15");
    sales::people_cancel(&house, &mut books, CANCEL).await;
    house.open_shifts().await;

    for (slot, start) in SLOTS.iter().enumerate() {
        house.it_is_before(start, 30);
        sales::at_the_counter(&house, &mut books, slot).await;
        if slot == OUTAGE_SLOT {
            let lists = doors::sync(&house).await;
            house.stripe.always(Some(Fault::Cut));
            let hopeful = sales::during_the_outage(&house, slot + 2).await;
            let scans = doors::with_no_network(&mut house, &mut books, slot, &lists).await;
            house.it_is_before(start, 0);
            house.stripe.always(None);
            sales::after_the_outage(&house, &mut books, hopeful).await;
            doors::tell(&house, &mut books, scans).await;
            continue;
        }
        if slot == CANCELLED.0 {
            sales::the_theater_cancels(&house, &mut books, CANCELLED).await;
        }
        house.it_is_before(start, 15);
        doors::let_in(&house, &mut books, slot).await;
    }
    sales::staff_pay_back(&house, &mut books, STAFF_REFUNDS).await;

    house.it_is("23:30");
    books::close(&mut house, &mut books).await;
    println!("{}", books.report(begun.elapsed()));
    assert!(begun.elapsed() < Duration::from_mins(30), "a day must end");
}
