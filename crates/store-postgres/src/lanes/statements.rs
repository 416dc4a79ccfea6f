//! The statements of a batch. `$1` is the theater in each (but for the records of answers, which belong to callers).
//!
//! Lists arrive as arrays, so a statement's text does not depend on how many units share it. What a batch relies on
//! stands in the statements: each counts the rows it wrote against those it was to write, and a wrong count divides
//! by zero, which undoes the transaction ([`super::guard`]). On an engine without `unnest` of several arrays these
//! are the texts to change.

use crate::bookings::rows::booking_columns;

/// `SELECT` that fails the transaction unless `done` has as many rows as were meant.
macro_rules! all_done {
    ($statement:literal, $count:literal) => {
        concat!(
            "WITH done AS (",
            $statement,
            " RETURNING 1) SELECT 1 / ((SELECT count(*) FROM done) = ",
            $count,
            ")::int"
        )
    };
}

// What is read. The records of answers come last: whoever sees the seats of a request that was done elsewhere sees
// its record too.

pub(super) const SHOWS: &str = "SELECT show, version, publication = 1, cancelled, seating FROM show_state \
     WHERE theater = $1 AND show = ANY($2)";

// `OFFSET 0` keeps a lookup a lookup: without statistics (in the first minute of a database) PostgreSQL takes a theater for
// a handful of rows and compares each of them with each of the batch.

pub(super) const WANTED_SEATS: &str = "SELECT s.show, s.seat, s.state, s.booking \
     FROM unnest($2::bytea[], $3::int[]) AS w (show, seat) \
     CROSS JOIN LATERAL (SELECT x.show, x.seat, x.state, x.booking FROM seats AS x \
       WHERE x.theater = $1 AND x.show = w.show AND x.seat = w.seat OFFSET 0) AS s";

pub(super) const BOOKINGS: &str = concat!(
    "SELECT ",
    booking_columns!(),
    " FROM bookings WHERE theater = $1 AND booking = ANY($2)"
);

pub(super) const SEATS_OF_BOOKINGS: &str = "SELECT s.show, s.seat, s.state, s.booking FROM bookings AS b \
     CROSS JOIN LATERAL json_array_elements(b.seats) AS j \
     CROSS JOIN LATERAL (SELECT x.show, x.seat, x.state, x.booking FROM seats AS x \
       WHERE x.theater = $1 AND x.show = b.show AND x.seat = (j.value ->> 'seat')::int OFFSET 0) AS s \
     WHERE b.theater = $1 AND b.booking = ANY($2)";

pub(super) const LIVE_PAYMENTS: &str = "SELECT booking, payment FROM payments \
     WHERE theater = $1 AND booking = ANY($2) AND status IN ('created', 'requires_action', 'authorized')";

pub(super) const TICKETS: &str =
    "SELECT booking, seat, state FROM tickets WHERE theater = $1 AND booking = ANY($2)";

pub(super) const UNPAID: &str = "SELECT w.show, w.caller, u.n \
     FROM unnest($2::bytea[], $3::bytea[]) AS w (show, caller) \
     CROSS JOIN LATERAL (SELECT coalesce(sum(b.seat_count), 0) AS n FROM bookings AS b \
       WHERE b.theater = $1 AND b.show = w.show AND b.caller = w.caller \
         AND b.status IN ('held', 'awaiting_payment')) AS u";

/// Of the caller's last so many expiries: how many, the first and the last.
pub(super) const EXPIRIES: &str = "SELECT w.unit, e.n, e.first, e.last \
     FROM unnest($2::int[], $3::bytea[], $4::bytea[], $5::bigint[], $6::int[]) AS w (unit, show, caller, since, most) \
     CROSS JOIN LATERAL (SELECT count(*) AS n, min(l.at) AS first, max(l.at) AS last FROM \
       (SELECT x.at FROM unpaid_expiries AS x \
        WHERE x.theater = $1 AND x.show = w.show AND x.caller = w.caller AND x.at >= w.since \
        ORDER BY x.at DESC LIMIT w.most) AS l) AS e \
     WHERE e.n > 0";

pub(super) const RECORDS: &str =
    "SELECT scope, body, status, answer FROM idempotency WHERE scope = ANY($1)";

/// Codes that units take up.
pub(super) const PROMOS: &str = "SELECT code, max_uses - used, starts_at, ends_at, uses_per_customer FROM promo_codes \
     WHERE theater = $1 AND code = ANY($2)";

/// The codes of bookings whose seats are claimed again, or whose guest said who it is.
pub(super) const PROMOS_OF_BOOKINGS: &str = "SELECT p.code, p.max_uses - p.used, p.starts_at, p.ends_at, \
       p.uses_per_customer \
     FROM bookings AS b JOIN promo_codes AS p ON p.theater = $1 AND p.code = b.promo \
     WHERE b.theater = $1 AND b.booking = ANY($2)";

/// The places that customers have taken of codes.
pub(super) const PROMO_USES: &str = "SELECT x.code, x.customer, x.place, x.booking \
     FROM unnest($2::text[], $3::bytea[]) AS w (code, customer) \
     CROSS JOIN LATERAL (SELECT u.code, u.customer, u.place, u.booking FROM promo_uses AS u \
       WHERE u.theater = $1 AND u.code = w.code AND u.customer = w.customer OFFSET 0) AS x";

/// The same for the codes of bookings.
pub(super) const PROMO_USES_OF_BOOKINGS: &str = "SELECT x.code, x.customer, x.place, x.booking \
     FROM unnest($2::bytea[], $3::bytea[]) AS w (booking, customer) \
     CROSS JOIN LATERAL (SELECT b.promo FROM bookings AS b \
       WHERE b.theater = $1 AND b.booking = w.booking OFFSET 0) AS b \
     CROSS JOIN LATERAL (SELECT u.code, u.customer, u.place, u.booking FROM promo_uses AS u \
       WHERE u.theater = $1 AND u.code = b.promo AND u.customer = w.customer OFFSET 0) AS x";

/// Gift cards that units claim money of.
pub(super) const GIFTS: &str = "SELECT card, balance_minor, state = 'active', ends_at FROM gift_cards \
     WHERE theater = $1 AND card = ANY($2)";

// What is locked beforehand with pessimistic locking, always in this order.

pub(super) const LOCK_SHOWS: &str = "SELECT 1 FROM show_state WHERE theater = $1 AND show = ANY($2) \
     ORDER BY show FOR UPDATE";
pub(super) const LOCK_BOOKINGS: &str = "SELECT 1 FROM bookings WHERE theater = $1 AND booking = ANY($2) \
     ORDER BY booking FOR UPDATE";

pub(super) const LOCK_PROMOS: &str = "SELECT 1 FROM promo_codes WHERE theater = $1 AND code = ANY($2) \
     ORDER BY code FOR UPDATE";

pub(super) const LOCK_GIFTS: &str = "SELECT 1 FROM gift_cards WHERE theater = $1 AND card = ANY($2) \
     ORDER BY card FOR UPDATE";

// What is written, always in this order.

pub(super) const FREE: &str = all_done!(
    "DELETE FROM seats AS s USING unnest($2::bytea[], $3::int[], $4::bytea[]) AS w (show, seat, booking) \
     WHERE s.theater = $1 AND s.show = w.show AND s.seat = w.seat AND s.booking = w.booking",
    "$5::bigint"
);

pub(super) const SELL: &str = all_done!(
    "UPDATE seats AS s SET state = 2 FROM unnest($2::bytea[], $3::int[], $4::bytea[]) AS w (show, seat, booking) \
     WHERE s.theater = $1 AND s.show = w.show AND s.seat = w.seat AND s.booking = w.booking AND s.state = 1",
    "$5::bigint"
);

pub(super) const CLAIM: &str = all_done!(
    "INSERT INTO seats (theater, show, seat, state, booking) \
     SELECT $1, w.show, w.seat, w.state, w.booking \
     FROM unnest($2::bytea[], $3::int[], $4::int[], $5::bytea[]) AS w (show, seat, state, booking) \
     ORDER BY w.show, w.seat ON CONFLICT DO NOTHING",
    "$6::bigint"
);

pub(super) const BLOCK: &str = all_done!(
    "INSERT INTO seats (theater, show, seat, state) SELECT $1, w.show, w.seat, 3 \
     FROM unnest($2::bytea[], $3::int[]) AS w (show, seat) ORDER BY w.show, w.seat ON CONFLICT DO NOTHING",
    "$4::bigint"
);

pub(super) const UNBLOCK: &str = all_done!(
    "DELETE FROM seats AS s USING unnest($2::bytea[], $3::int[]) AS w (show, seat) \
     WHERE s.theater = $1 AND s.show = w.show AND s.seat = w.seat AND s.state = 3",
    "$4::bigint"
);

pub(super) const AUDITS: &str = "INSERT INTO audit (theater, entry, at, actor, action, object, old_state, new_state) \
     SELECT $1, w.entry, w.at, w.actor, w.action, w.object, w.old_state::json, w.new_state::json \
     FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[]) \
       AS w (entry, at, actor, action, object, old_state, new_state)";

/// Two planted bugs (`docs/proofs.md`): nobody else asks for these.
pub(super) const CLAIM_OVER: &str = all_done!(
    "INSERT INTO seats (theater, show, seat, state, booking) \
     SELECT $1, w.show, w.seat, w.state, w.booking \
     FROM unnest($2::bytea[], $3::int[], $4::int[], $5::bytea[]) AS w (show, seat, state, booking) \
     ORDER BY w.show, w.seat ON CONFLICT (theater, show, seat) DO UPDATE SET booking = excluded.booking",
    "$6::bigint"
);
pub(super) const STEPS_BLIND: &str = all_done!(
    "UPDATE bookings AS b SET version = b.version + 1, status = w.status, held_at = w.held_at, \
         expires_at = w.expires_at, extensions = w.extensions, payment_deadline = w.payment_deadline, \
         test = b.test OR w.test, seats = coalesce(w.seats::json, b.seats), \
         guest_email = CASE WHEN b.\"user\" IS NULL THEN coalesce(w.guest_email, b.guest_email) END \
     FROM unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], \
         $9::bool[], $10::text[], $11::text[]) \
       AS w (booking, version, status, held_at, expires_at, extensions, payment_deadline, test, seats, guest_email) \
     WHERE b.theater = $1 AND b.booking = w.booking",
    "$12::bigint"
);

pub(super) const NEW_BOOKINGS: &str = all_done!(
    "INSERT INTO bookings (theater, booking, show, reference, status, version, \"user\", guest_email, caller, seats, \
         seat_count, total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions, \
         payment_deadline, promo, channel) \
     SELECT $1, w.booking, w.show, w.reference, w.status, w.version, w.\"user\", w.guest_email, w.caller, \
         w.seats::json, w.seat_count, w.total_minor, w.currency, w.lines::json, w.advice::json, w.test, w.created_at, \
         w.held_at, w.expires_at, w.extensions, w.payment_deadline, w.promo, w.channel \
     FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::text[], \
         $9::bytea[], $10::text[], $11::int[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::bool[], \
         $17::bigint[], $18::bigint[], $19::bigint[], $20::int[], $21::bigint[], $22::text[], $23::int[]) \
       AS w (booking, show, reference, status, version, \"user\", guest_email, caller, seats, seat_count, \
         total_minor, currency, lines, advice, test, created_at, held_at, expires_at, extensions, payment_deadline, \
         promo, channel)",
    "$24::bigint"
);

pub(super) const STEPS: &str = all_done!(
    "UPDATE bookings AS b SET version = b.version + 1, status = w.status, held_at = w.held_at, \
         expires_at = w.expires_at, extensions = w.extensions, payment_deadline = w.payment_deadline, \
         test = b.test OR w.test, seats = coalesce(w.seats::json, b.seats), \
         guest_email = CASE WHEN b.\"user\" IS NULL THEN coalesce(w.guest_email, b.guest_email) END \
     FROM unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[], \
         $9::bool[], $10::text[], $11::text[]) \
       AS w (booking, version, status, held_at, expires_at, extensions, payment_deadline, test, seats, guest_email) \
     WHERE b.theater = $1 AND b.booking = w.booking AND b.version = w.version",
    "$12::bigint"
);

pub(super) const CHANGED_HOLDS: &str = all_done!(
    "UPDATE bookings AS b SET version = b.version + 1, \"user\" = w.\"user\", guest_email = w.guest_email, \
         seats = w.seats::json, seat_count = w.seat_count, total_minor = w.total_minor, currency = w.currency, \
         lines = w.lines::json, advice = w.advice::json, held_at = w.held_at, expires_at = w.expires_at, \
         extensions = w.extensions, promo = w.promo \
     FROM unnest($2::bytea[], $3::bigint[], $4::bytea[], $5::text[], $6::text[], $7::int[], $8::bigint[], \
         $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::int[], $15::text[]) \
       AS w (booking, version, \"user\", guest_email, seats, seat_count, total_minor, currency, lines, advice, \
         held_at, expires_at, extensions, promo) \
     WHERE b.theater = $1 AND b.booking = w.booking AND b.version = w.version",
    "$16::bigint"
);

/// Uses of promotion codes: locked in order, each code once. Who takes one up must find a use for all who do, and the code
/// not over. What is given back is not counted: a count that is off is damage for `verify` to report, and freeing seats
/// must not stop for it.
pub(super) const USES: &str = "WITH locked AS ( \
       SELECT p.code, w.uses, w.claimed FROM (SELECT * FROM unnest($2::text[], $3::bigint[], $4::bool[], $5::bigint[]) \
         AS u (code, uses, claimed, open_at) ORDER BY u.code COLLATE \"C\") AS w \
       CROSS JOIN LATERAL (SELECT x.code FROM promo_codes AS x WHERE x.theater = $1 AND x.code = w.code \
         AND (NOT w.claimed OR x.max_uses IS NULL OR x.used + w.uses <= x.max_uses) \
         AND (w.open_at IS NULL OR x.ends_at IS NULL OR x.ends_at > w.open_at) FOR UPDATE) AS p), \
     done AS ( \
       UPDATE promo_codes AS p SET used = greatest(p.used + l.uses, 0) FROM locked AS l \
       WHERE p.theater = $1 AND p.code = l.code RETURNING l.claimed) \
     SELECT 1 / ((SELECT count(*) FROM done WHERE claimed) = $6::bigint)::int";

/// Uses that count for nobody any more.
pub(super) const LEFT_PLACES: &str = "DELETE FROM promo_uses AS u USING unnest($2::bytea[]) AS w (booking) \
     WHERE u.theater = $1 AND u.booking = w.booking";

/// Uses that count for a customer, each on a place that was free. Another server may have taken it meanwhile.
pub(super) const TAKEN_PLACES: &str = all_done!(
    "INSERT INTO promo_uses (theater, code, customer, place, most, booking) SELECT $1, w.* \
     FROM unnest($2::text[], $3::bytea[], $4::int[], $5::int[], $6::bytea[]) AS w ORDER BY 2, 3, 4 \
     ON CONFLICT (theater, code, customer, place) DO NOTHING",
    "$7::bigint"
);

/// Balances of gift cards: locked in order, each card once. What is claimed must be there when everything is counted up,
/// and the card open. What goes back asks nothing of the card: the check of its row alone bounds it.
pub(super) const BALANCES: &str = "WITH locked AS ( \
       SELECT c.card, w.amount, w.good_until FROM (SELECT * FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], \
         $5::bigint[]) AS u (card, amount, open_at, good_until) ORDER BY u.card) AS w \
       CROSS JOIN LATERAL (SELECT x.card FROM gift_cards AS x WHERE x.theater = $1 AND x.card = w.card \
         AND (w.open_at IS NULL OR x.balance_minor + w.amount >= 0 AND x.state = 'active' \
           AND (x.ends_at IS NULL OR x.ends_at > w.open_at)) FOR UPDATE) AS c), \
     done AS ( \
       UPDATE gift_cards AS c SET balance_minor = c.balance_minor + l.amount, \
         ends_at = CASE WHEN c.ends_at < l.good_until THEN l.good_until ELSE c.ends_at END \
       FROM locked AS l WHERE c.theater = $1 AND c.card = l.card RETURNING 1) \
     SELECT 1 / ((SELECT count(*) FROM done) = $6::bigint)::int";

pub(crate) const GIFT_ENTRIES: &str = "INSERT INTO gift_entries (theater, card, entry, kind, amount_minor, booking, \
         payment, at) \
     SELECT $1, w.* FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[], \
         $8::bigint[]) AS w";

pub(super) const PAYMENTS: &str = "INSERT INTO payments (theater, booking, payment, status, amount_minor, currency, \
         captured_minor, refunded_minor, gateway, method_token, method_label, gateway_ref, decline_reason, \
         created_at, key_scope, key_body, gift_card, gift_last4, gift_minor, gift_returned_minor) \
     SELECT $1, w.* FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], \
         $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bytea[], \
         $16::bytea[], $17::bytea[], $18::text[], $19::bigint[], $20::bigint[]) AS w \
     ON CONFLICT (theater, booking, payment) DO UPDATE SET status = excluded.status, \
         amount_minor = excluded.amount_minor, currency = excluded.currency, \
         captured_minor = excluded.captured_minor, refunded_minor = excluded.refunded_minor, \
         gateway = excluded.gateway, method_token = excluded.method_token, \
         method_label = excluded.method_label, gateway_ref = excluded.gateway_ref, \
         decline_reason = excluded.decline_reason, created_at = excluded.created_at, \
         key_scope = excluded.key_scope, key_body = excluded.key_body, gift_card = excluded.gift_card, \
         gift_last4 = excluded.gift_last4, gift_minor = excluded.gift_minor, \
         gift_returned_minor = excluded.gift_returned_minor";

pub(super) const REFUNDS: &str = "INSERT INTO refunds (theater, booking, refund, payment, status, amount_minor, \
         currency, reason, attempts, created_at, tried_at, to_gift) \
     SELECT $1, w.* FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::bigint[], $7::text[], \
         $8::text[], $9::int[], $10::bigint[], $11::bigint[], $12::bool[]) AS w \
     ON CONFLICT (theater, booking, refund) DO UPDATE SET payment = excluded.payment, status = excluded.status, \
         amount_minor = excluded.amount_minor, currency = excluded.currency, reason = excluded.reason, \
         attempts = excluded.attempts, created_at = excluded.created_at, tried_at = excluded.tried_at, \
         to_gift = excluded.to_gift";

/// The rows themselves never ask for more back than was captured, whatever the payment's own columns say. The text
/// that is no number depends on the rows, so that it is only looked at when there are some.
pub(super) const REFUNDS_WITHIN_CAPTURE: &str = "SELECT CAST('refunds exceed what was captured of ' || count(*) \
         || ' payments' AS int) \
     FROM payments AS p JOIN (SELECT r.theater, r.booking, r.payment, sum(r.amount_minor) AS asked FROM refunds AS r \
         WHERE r.theater = $1 AND r.booking = ANY($2) AND r.status <> 'failed' AND NOT r.to_gift \
         GROUP BY r.theater, r.booking, r.payment) AS a \
       ON a.theater = p.theater AND a.booking = p.booking AND a.payment = p.payment \
     WHERE p.theater = $1 AND p.booking = ANY($2) AND a.asked > p.captured_minor HAVING count(*) > 0";

pub(super) const NEW_TICKETS: &str = "INSERT INTO tickets (theater, booking, seat, ticket, state, revision) \
     SELECT $1, w.* FROM unnest($2::bytea[], $3::int[], $4::bytea[], $5::text[], $6::int[]) AS w";

/// A ticket ends once.
pub(super) const VOID: &str = all_done!(
    "UPDATE tickets AS t SET state = 'void' FROM unnest($2::bytea[], $3::int[]) AS w (booking, seat) \
     WHERE t.theater = $1 AND t.booking = w.booking AND t.seat = w.seat AND t.state = 'valid'",
    "$4::bigint"
);

pub(super) const MESSAGES: &str = "INSERT INTO messages (theater, booking, message, status, kind, channel, recipient, \
         payload, attempts, created_at, due_at) \
     SELECT $1, w.booking, w.message, 'pending', w.kind, w.channel, w.recipient, w.payload::json, 0, w.created_at, \
         w.created_at \
     FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) \
       AS w (booking, message, kind, channel, recipient, payload, created_at)";

pub(super) const NEW_EXPIRIES: &str = "INSERT INTO unpaid_expiries (theater, show, caller, at, booking) \
     SELECT $1, w.* FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bytea[]) AS w";

pub(super) const NEW_RECORDS: &str = all_done!(
    "INSERT INTO idempotency (scope, body, status, answer, keep_until) \
     SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[], $5::bigint[]) AS w ORDER BY 1 \
     ON CONFLICT (scope) DO NOTHING",
    "$6::bigint"
);

/// Show versions last: locked in order, each once. A show whose version somebody relied on must still have it, one that
/// seats were held of must still be on sale, and each must still have the map that its seats are numbers of.
pub(super) const SHOW_VERSIONS: &str = "WITH locked AS ( \
       SELECT s.show, w.taken, w.blocks FROM (SELECT * FROM unnest($2::bytea[], $3::int[], $4::bigint[], $5::bool[], \
         $6::bigint[], $7::int[]) AS u (show, taken, expected, sold_from, blocks, seating) ORDER BY u.show) AS w \
       CROSS JOIN LATERAL (SELECT x.show FROM show_state AS x WHERE x.theater = $1 AND x.show = w.show \
         AND (w.expected IS NULL OR x.version = w.expected) AND (x.publication = 1 OR NOT w.sold_from) \
         AND x.seating = w.seating FOR UPDATE) AS s), \
     done AS ( \
       UPDATE show_state AS s SET version = s.version + 1, taken = s.taken + l.taken, blocks = s.blocks + l.blocks \
       FROM locked AS l WHERE s.theater = $1 AND s.show = l.show RETURNING s.show, s.version, s.taken) \
     SELECT d.show, d.version, d.taken, g.ok FROM (SELECT 1 / ((SELECT count(*) FROM done) = $8::bigint)::int AS ok) AS g \
     LEFT JOIN done AS d ON true";

/// Nobody went past the limit of unpaid seats together with another server. It comes after the show's row was locked,
/// so what the other one did is seen.
pub(super) const UNPAID_WITHIN_LIMIT: &str = "SELECT 1 / (count(*) = 0)::int \
     FROM unnest($2::bytea[], $3::bytea[], $4::int[]) AS w (show, caller, most) \
     WHERE (SELECT coalesce(sum(b.seat_count), 0) FROM bookings AS b \
       WHERE b.theater = $1 AND b.show = w.show AND b.caller = w.caller \
         AND b.status IN ('held', 'awaiting_payment')) > w.most";

/// Every statement that a booking, a payment or an expiry needs, with the array types of its parameters after `$1`:
/// for tests that look at plans.
#[cfg(test)]
pub(super) const HOT: &[(&str, &str)] = &[
    ("shows", SHOWS),
    ("wanted seats", WANTED_SEATS),
    ("bookings", BOOKINGS),
    ("seats of bookings", SEATS_OF_BOOKINGS),
    ("live payments", LIVE_PAYMENTS),
    ("tickets", TICKETS),
    ("unpaid", UNPAID),
    ("expiries", EXPIRIES),
    ("promos", PROMOS),
    ("promos of bookings", PROMOS_OF_BOOKINGS),
    ("lock promos", LOCK_PROMOS),
    ("uses", USES),
    ("promo uses", PROMO_USES),
    ("promo uses of bookings", PROMO_USES_OF_BOOKINGS),
    ("left places", LEFT_PLACES),
    ("taken places", TAKEN_PLACES),
    ("gifts", GIFTS),
    ("lock gifts", LOCK_GIFTS),
    ("balances", BALANCES),
    ("gift entries", GIFT_ENTRIES),
    ("lock shows", LOCK_SHOWS),
    ("lock bookings", LOCK_BOOKINGS),
    ("free", FREE),
    ("sell", SELL),
    ("claim", CLAIM),
    ("block", BLOCK),
    ("unblock", UNBLOCK),
    ("audits", AUDITS),
    ("new bookings", NEW_BOOKINGS),
    ("steps", STEPS),
    ("changed holds", CHANGED_HOLDS),
    ("payments", PAYMENTS),
    ("refunds", REFUNDS),
    ("refunds within capture", REFUNDS_WITHIN_CAPTURE),
    ("new tickets", NEW_TICKETS),
    ("void", VOID),
    ("messages", MESSAGES),
    ("new expiries", NEW_EXPIRIES),
    ("show versions", SHOW_VERSIONS),
    ("unpaid within limit", UNPAID_WITHIN_LIMIT),
];
