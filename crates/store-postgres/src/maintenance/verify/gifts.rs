//! Does each gift card have what its ledger says, and does its ledger say what the payments do.

use super::{Checks, booking_says, said};
use matinee_store::StoreError;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    cards(checks).await?;
    payments(checks).await
}

async fn cards(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "gift_balance",
            "SELECT count(*) FROM gift_cards",
            "SELECT format('gift card …%s has %s of %s %s, its entries are %s, %s of them its issue', last4, \
                 balance_minor, initial_minor, currency, total, issued) \
             FROM (SELECT c.*, \
                 (SELECT coalesce(sum(amount_minor), 0) FROM gift_entries AS e \
                   WHERE e.theater = c.theater AND e.card = c.card) AS total, \
                 (SELECT coalesce(sum(amount_minor), 0) FROM gift_entries AS e \
                   WHERE e.theater = c.theater AND e.card = c.card AND e.kind = 'issue') AS issued \
               FROM gift_cards AS c) AS c \
             WHERE balance_minor <> total OR initial_minor <> issued",
            &[],
            said,
        )
        .await?;
    checks
        .rows(
            "gift_entries",
            "SELECT count(*) FROM gift_entries",
            "SELECT format('a gift card entry (%s of %s) is about no card or no payment of that card', kind, \
                 amount_minor) \
             FROM gift_entries AS e \
             WHERE NOT EXISTS (SELECT 1 FROM gift_cards AS c WHERE c.theater = e.theater AND c.card = e.card) \
               OR payment IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.theater = e.theater \
                 AND p.booking = e.booking AND p.payment = e.payment AND p.gift_card = e.card)",
            &[],
            said,
        )
        .await
}

async fn payments(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    // What a payment says of its card is what the card's ledger says of the payment.
    checks
        .rows(
            "gift_payment",
            "SELECT count(*) FROM payments WHERE gift_card IS NOT NULL",
            "SELECT p.theater, p.booking, format('a payment has %s of gift card …%s and %s returned, its entries are \
                 %s and %s', p.gift_minor, p.gift_last4, p.gift_returned_minor, p.claimed, p.back) \
             FROM (SELECT p.*, \
                 (SELECT -coalesce(sum(amount_minor), 0) FROM gift_entries AS e WHERE e.theater = p.theater \
                   AND e.payment = p.payment AND e.card = p.gift_card AND e.kind = 'claim') AS claimed, \
                 (SELECT coalesce(sum(amount_minor), 0) FROM gift_entries AS e WHERE e.theater = p.theater \
                   AND e.payment = p.payment AND e.card = p.gift_card AND e.kind <> 'claim') AS back \
               FROM payments AS p WHERE p.gift_card IS NOT NULL) AS p \
             WHERE p.gift_minor <> p.claimed OR p.gift_returned_minor <> p.back \
             UNION ALL SELECT p.theater, p.booking, format('a payment of gift card …%s in %s, which is not there', \
                 p.gift_last4, p.currency) \
             FROM payments AS p WHERE p.gift_card IS NOT NULL AND NOT EXISTS (SELECT 1 FROM gift_cards AS c \
               WHERE c.theater = p.theater AND c.card = p.gift_card AND c.currency = p.currency)",
            &[],
            booking_says,
        )
        .await?;
    // What was refunded to a card after its payment took money, a refund's row tells the buyer.
    checks
        .rows(
            "gift_refunds",
            "SELECT count(*) FROM refunds WHERE to_gift",
            "SELECT p.theater, p.booking, format('%s went back to gift card …%s, its refunds are %s', p.back, \
                 p.gift_last4, p.told) \
             FROM (SELECT p.*, \
                 (SELECT coalesce(sum(amount_minor), 0) FROM gift_entries AS e WHERE e.theater = p.theater \
                   AND e.payment = p.payment AND e.kind = 'refund') AS back, \
                 (SELECT coalesce(sum(amount_minor), 0) FROM refunds AS r WHERE r.theater = p.theater \
                   AND r.booking = p.booking AND r.payment = p.payment AND r.to_gift \
                   AND r.status = 'succeeded') AS told \
               FROM payments AS p WHERE p.gift_card IS NOT NULL) AS p \
             WHERE p.back <> p.told \
             UNION ALL SELECT theater, booking, format('a refund to a gift card is %s', status) FROM refunds \
             WHERE to_gift AND status <> 'succeeded'",
            &[],
            booking_says,
        )
        .await
}
