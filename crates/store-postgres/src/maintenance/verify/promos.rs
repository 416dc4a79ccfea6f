//! Does each promotion code count the bookings that use it, and no more than it may.

use super::{COUNT_BOOKINGS, Checks, booking_says, said};
use matinee_store::StoreError;

pub(super) async fn check(checks: &mut Checks<'_>) -> Result<(), StoreError> {
    checks
        .rows(
            "promo_uses",
            "SELECT count(*) FROM promo_codes",
            "SELECT format('promotion code %s: counts %s uses of %s, %s bookings have it', code, used, \
                 coalesce(max_uses::text, 'any number'), n) \
             FROM (SELECT p.code, p.used, p.max_uses, (SELECT count(*) FROM bookings AS b \
                 WHERE b.theater = p.theater AND b.promo = p.code \
                   AND b.status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled')) AS n \
               FROM promo_codes AS p) AS p \
             WHERE used <> n OR n > max_uses",
            &[],
            said,
        )
        .await?;
    checks
        .rows(
            "booking_promo",
            COUNT_BOOKINGS,
            "SELECT theater, booking, format('has the promotion code %s, which is not there', promo) \
             FROM bookings AS b WHERE promo IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM promo_codes AS p WHERE p.theater = b.theater AND p.code = b.promo)",
            &[],
            booking_says,
        )
        .await
}
