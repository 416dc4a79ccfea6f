//! Who has no address gets no mail, and programs hear of them like of anybody.

use super::*;
use matinee_booking::{SellInput, Wanted};
use matinee_domain::counter::{SaleMethod, Tender};
use matinee_store::staff::AuditEntry;
use std::collections::BTreeMap;

#[tokio::test]
async fn programs_hear_of_sales_to_nobodys_address() {
    let (port, mut hooked) = listens(204).await;
    let house = cinema(|config| config.private_targets = true).await;
    house.app.store.save_webhook(hook(1, port)).await.unwrap();
    let show_id = house.shows().await[0];
    let sale = SellInput {
        show_id,
        wanted: Wanted::Best(2),
        ticket_types: BTreeMap::new(),
        tender: Tender {
            method: SaleMethod::Invitation,
            shift: None,
        },
        expected_total: None,
        tendered_minor: None,
        email: None,
        caller: [7; 16],
        audit: AuditEntry {
            theater_id: show_id.theater(),
            entry: [7; 22],
            at: house.app.clock.now(),
            actor: None,
            action: "counter.sell".into(),
            object: String::new(),
            before: None,
            after: None,
        },
        idempotency: None,
    };
    house.app.desk.sell(sale).await.unwrap();
    for _ in 0..3 {
        deliver_all(&house).await;
    }
    let told = hooked.try_recv().unwrap();
    assert!(told.contains("\"type\":\"booking.confirmed\""), "{told}");
    assert!(hooked.try_recv().is_err(), "once");
    assert_eq!(mails(&house, "Your tickets"), Vec::<String>::new());
    let left = rows(&house, "confirmation").await;
    let left: Vec<_> = left.iter().map(|row| row.channel.as_str()).collect();
    assert_eq!(left, ["webhook"], "nobody waits for a mail to nobody");
    house.close().await;
}
