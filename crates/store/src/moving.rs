//! Moving a whole database from one engine to another: which tables there are, what a row is on the way, and how both
//! ends are told to be the same.
//!
//! Rows travel as they stand in the columns, not as what they mean: a move must lose nothing, not even what a newer
//! use case added. Each engine reads and writes them by this one list, and its tests hold the list against its schema,
//! so that a table or column made later cannot be left behind. How an engine locks and commits is its own business.

use sha2::{Digest as _, Sha256};

/// The note that a database which was left, or is being left, carries. Written as [`Left`] says.
pub const LEFT_NOTE: &str = "engine_left";
/// The note that says which move made this database.
pub const CAME_NOTE: &str = "engine_came";

/// What a column holds. `Null` may stand anywhere a schema allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number of up to eight bytes.
    Number,
    /// A number that an engine with narrower columns keeps in four bytes.
    Small,
    /// 0 or 1.
    Flag,
    Text,
    /// JSON, whose text is kept as it was written.
    Json,
    Bytes,
    /// What names a price sheet: the SHA-256 of its text, on the way. An engine may keep another number for it.
    Sheet,
}

/// A column by its name.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

/// A table by its name.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
}

macro_rules! tables {
    ($($table:ident { $($column:ident $kind:ident),+ $(,)? })+) => {
        &[$(Table {
            name: stringify!($table),
            columns: &[$(Column { name: stringify!($column), kind: Kind::$kind }),+],
        }),+]
    };
}

/// Every table that moves, in an order in which each only refers to those before it.
pub const TABLES: &[Table] = tables! {
    sync_head { only_row Small, epoch Number, position Number, oldest Number }
    changes { kind Small, id Bytes, seq Number, deleted Flag }
    seat_maps {
        version Number, seat_map Bytes, external_id Text, digest Bytes, seats_total Small, body Json,
    }
    theaters { theater Bytes, external_id Text, name Text, body Json }
    screens { theater Bytes, screen Bytes, position Small, seat_map Bytes, body Json }
    movies { movie Bytes, external_id Text, name Text, body Json }
    price_sheets { price_sheet Sheet, body Json }
    shows {
        theater Bytes, show Bytes, external_id Text, movie Bytes, screen Bytes, seat_map Bytes, starts_at Number,
        ends_at Number, format Text, language Text, subtitles Json, price_sheet Sheet, seats_total Small,
    }
    notes { name Text, value Text }
    users {
        user Bytes, email Text, email_folded Text, email_verified Flag, password_hash Text, role Text, profile Json,
        profile_version Number, created_at Number,
    }
    sessions {
        session Bytes, user Bytes, access Bytes, access_expires_at Number, refresh Bytes, refresh_expires_at Number,
        previous_refresh Bytes, current_used Flag, cookie Flag, created_at Number, device Text, used_at Number,
        second_factor Flag,
    }
    spent_refresh_tokens { digest Bytes, session Bytes, spent_at Number }
    flows { digest Bytes, kind Text, body Json, expires_at Number }
    identities { issuer Text, subject Text, user Bytes, email Text, linked_at Number }
    second_factors {
        user Bytes, secret Bytes, confirmed_at Number, last_step Number, tries Small, blocked_until Number,
    }
    recovery_codes { user Bytes, digest Bytes }
    passkeys { credential Bytes, user Bytes, name Text, body Json, created_at Number, used_at Number }
    one_time_secrets { digest Bytes, purpose Text, subject Text, expires_at Number }
    secret_keys { name Text, secret Bytes }
    show_state {
        theater Bytes, show Bytes, version Number, taken Small, publication Small, blocks Number,
        cancelled Flag, moved_at Number, seating Small,
    }
    show_cancellations {
        theater Bytes, show Bytes, at Number, reason Text, words Text, bookings Small, finished_at Number,
    }
    show_relocations {
        theater Bytes, show Bytes, seating Small, at Number, screen Bytes, seat_map Bytes, starts_before Number,
        bookings Small, finished_at Number,
    }
    promo_codes {
        theater Bytes, code Text, terms Json, starts_at Number, ends_at Number, max_uses Number, used Number,
        created_at Number, uses_per_customer Small,
    }
    promo_uses { theater Bytes, code Text, customer Bytes, place Small, most Small, booking Bytes }
    gift_cards {
        theater Bytes, card Bytes, digest Bytes, last4 Text, currency Text, initial_minor Number, balance_minor Number,
        state Text, ends_at Number, created_at Number,
    }
    gift_entries {
        theater Bytes, card Bytes, entry Bytes, kind Text, amount_minor Number, booking Bytes, payment Bytes, at Number,
    }
    bookings {
        theater Bytes, booking Bytes, show Bytes, reference Text, status Text, version Number, user Bytes,
        guest_email Text, caller Bytes, seats Json, seat_count Small, total_minor Number, currency Text, lines Json,
        advice Json, test Flag, created_at Number, held_at Number, expires_at Number, extensions Small,
        payment_deadline Number, promo Text, channel Small,
    }
    seats { theater Bytes, show Bytes, seat Small, state Small, booking Bytes }
    payments {
        theater Bytes, booking Bytes, payment Bytes, status Text, amount_minor Number, currency Text,
        captured_minor Number, refunded_minor Number, gateway Text, method_token Text, method_label Text,
        gateway_ref Text, decline_reason Text, created_at Number, key_scope Bytes, key_body Bytes, gift_card Bytes,
        gift_last4 Text, gift_minor Number, gift_returned_minor Number,
    }
    refunds {
        theater Bytes, booking Bytes, refund Bytes, payment Bytes, status Text, amount_minor Number, currency Text,
        reason Text, attempts Small, created_at Number, tried_at Number, to_gift Flag,
    }
    tickets { theater Bytes, booking Bytes, seat Small, ticket Bytes, state Text, revision Small, redeemed_by Bytes }
    ticket_scans {
        theater Bytes, scan Bytes, show Bytes, booking Bytes, seat Small, ticket Bytes, door Text, verdict Text,
        scanned_at Number, told_at Number, offline Flag, actor Bytes, undone_at Number, undone_by Bytes,
    }
    idempotency { scope Bytes, body Bytes, status Small, answer Bytes, keep_until Number }
    unpaid_expiries { theater Bytes, show Bytes, caller Bytes, at Number, booking Bytes }
    messages {
        theater Bytes, booking Bytes, message Bytes, status Text, kind Text, channel Text, recipient Text,
        payload Json, attempts Small, created_at Number, due_at Number, sent_at Number, last_error Text,
    }
    subscriptions { subscription Bytes, user Bytes, channel Text, address Json, created_at Number }
    webhooks {
        webhook Bytes, url Text, kinds Json, generation Small, previous_until Number, stopped Text, created_at Number,
    }
    staff { theater Bytes, user Bytes, role Text, since Number }
    audit {
        theater Bytes, entry Bytes, at Number, actor Bytes, action Text, object Text, old_state Json, new_state Json,
    }
    shifts {
        theater Bytes, shift Bytes, user Bytes, place Text, currency Text, float_minor Number, opened_at Number,
        closed_at Number, counted_minor Number, expected_minor Number,
    }
    counter_charges {
        theater Bytes, payment Bytes, shift Bytes, method Text, status Text, amount_minor Number, currency Text,
        refunded_minor Number, created_at Number,
    }
    counter_refunds {
        theater Bytes, payment Bytes, refund Text, amount_minor Number, created_at Number, shift Bytes,
        paid_out_at Number,
    }
    show_moves { theater Bytes, show Bytes, starts_before Number, mark Bytes }
    sandbox_charges {
        charge Text, status Text, amount_minor Number, currency Text, method Text, refunded_minor Number,
        created_at Number,
    }
    sandbox_refunds { charge Text, refund Text, amount_minor Number, created_at Number }
};

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    /// Numbers and flags.
    Number(i64),
    /// Text and JSON.
    Text(String),
    /// Bytes and price sheets.
    Bytes(Vec<u8>),
}

impl Value {
    /// A text as every engine can keep it: PostgreSQL has no NUL character, and replaces it where it writes, too.
    pub fn text(given: &str) -> Self {
        Self::Text(given.replace('\0', "\u{fffd}"))
    }

    /// The name of a price sheet.
    pub fn sheet(body: &str) -> Self {
        Self::Bytes(Sha256::digest(body.as_bytes()).to_vec())
    }
}

/// A row, its values in the order of its table's columns.
pub type Row = Vec<Value>;

/// What a table holds, whatever the order of its rows: how many, and the sum of their hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content {
    pub rows: u64,
    sum: [u64; 4],
}

impl Content {
    /// Counts a row in.
    pub fn add(&mut self, row: &[Value]) {
        let mut hash = Sha256::new();
        for value in row {
            match value {
                Value::Null => hash.update([0]),
                Value::Number(number) => {
                    hash.update([1]);
                    hash.update(number.to_le_bytes());
                }
                Value::Text(text) => update(&mut hash, 2, text.as_bytes()),
                Value::Bytes(bytes) => update(&mut hash, 3, bytes),
            }
        }
        let hash = hash.finalize();
        for (sum, part) in self.sum.iter_mut().zip(hash.chunks_exact(8)) {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(part);
            *sum = sum.wrapping_add(u64::from_le_bytes(bytes));
        }
        self.rows += 1;
    }
}

/// The length goes in too, so that no two different rows are the same bytes.
fn update(hash: &mut Sha256, tag: u8, bytes: &[u8]) {
    hash.update([tag]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// How far a database has been left for another one, as its note says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// False while the other one may not be complete yet.
    pub done: bool,
    /// Which move it is: the other database has the same.
    pub by: String,
    /// Where to, without anything secret.
    pub place: String,
}

impl Left {
    /// The note's text.
    pub fn to_note(&self) -> String {
        let done = if self.done { "done" } else { "begun" };
        format!("{done} {} {}", self.by, self.place)
    }

    /// Reads a note. One that makes no sense still says that the database was left.
    pub fn from_note(note: &str) -> Self {
        let mut parts = note.splitn(3, ' ');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Self {
            done: next() != "begun",
            by: next(),
            place: next(),
        }
    }

    /// What whoever wants to sell from it is told.
    pub fn refusal(&self) -> String {
        let place = &self.place;
        if self.done {
            format!(
                "it was moved to {place} and sells nothing any more, so that no seat is sold in two places: serve that one. \
                 To go back to this one, if nothing was sold there since: matinee-server migrate-engine --undo (see docs/scaling.md)"
            )
        } else {
            format!(
                "a move to {place} was begun and not finished: run the same matinee-server migrate-engine again, \
                 or give the move up with --undo added to it"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(rows: &[Row]) -> Content {
        let mut content = Content::default();
        for row in rows {
            content.add(row);
        }
        content
    }

    #[test]
    fn content_knows_every_value_and_no_order() {
        let one = vec![Value::Number(1), Value::Text("a".into()), Value::Null];
        let two = vec![Value::Number(2), Value::Text("b".into()), Value::Null];
        let both = content(&[one.clone(), two.clone()]);
        assert_eq!(both, content(&[two.clone(), one.clone()]));
        assert_ne!(both, content(&[one.clone(), one.clone()]));
        assert_ne!(both, content(std::slice::from_ref(&one)));
        for other in [
            vec![Value::Number(1), Value::Text("a".into()), Value::Number(0)],
            vec![Value::Number(1), Value::Bytes(b"a".to_vec()), Value::Null],
            vec![Value::Number(1), Value::Text("a\u{0}".into())],
            vec![Value::Number(-1), Value::Text("a".into()), Value::Null],
        ] {
            assert_ne!(content(&[other]), content(std::slice::from_ref(&one)));
        }
    }

    #[test]
    fn a_note_says_the_same_when_it_is_read() {
        for done in [true, false] {
            let left = Left {
                done,
                by: "ab12".into(),
                place: "postgres://db.example/our theater".into(),
            };
            assert_eq!(Left::from_note(&left.to_note()), left);
        }
        assert!(Left::from_note("?").done);
    }
}
