//! Does each promotion code count the bookings that use it, and no more than it may, of each customer too.

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
        .await?;
    checks
        .rows(
            "promo_customers",
            "SELECT count(*) FROM promo_uses",
            "SELECT u.theater, u.booking, format('counts as use %s of %s of promotion code %s by its customer, and is not one', \
                 u.place, u.most, u.code) \
             FROM promo_uses AS u \
             LEFT JOIN promo_codes AS p ON p.theater = u.theater AND p.code = u.code \
             LEFT JOIN bookings AS b ON b.theater = u.theater AND b.booking = u.booking \
             WHERE u.most IS DISTINCT FROM p.uses_per_customer OR u.place > u.most OR b.promo IS DISTINCT FROM u.code \
           OR (b.\"user\" IS NULL AND b.guest_email IS NULL) \
           OR b.status NOT IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled')",
            &[],
            booking_says,
        )
        .await?;
    checks
        .rows(
            "booking_promo_customer",
            COUNT_BOOKINGS,
            "SELECT b.theater, b.booking, format('its use of promotion code %s does not count for its customer', b.promo) \
             FROM bookings AS b JOIN promo_codes AS p ON p.theater = b.theater AND p.code = b.promo \
             WHERE p.uses_per_customer IS NOT NULL AND (b.\"user\" IS NOT NULL OR b.guest_email IS NOT NULL) \
               AND b.status IN ('held', 'awaiting_payment', 'confirmed', 'partly_cancelled') \
               AND NOT EXISTS (SELECT 1 FROM promo_uses AS u WHERE u.theater = b.theater AND u.booking = b.booking)",
            &[],
            booking_says,
        )
        .await
}
