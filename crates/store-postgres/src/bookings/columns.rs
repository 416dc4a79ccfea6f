//! The columns that bookings and payments are written to, as arrays.

use crate::{
    columns::{micros, text, to_json},
    pipeline::Call,
};
use matinee_domain::{booking::BookingState, promo::PromoCode};
use matinee_store::{
    StoreError,
    bookings::{BookingRow, Owner, PaymentRow},
    gifts::GiftEntry,
};

/// A state as its columns.
pub(crate) struct StateColumns {
    pub(crate) status: &'static str,
    pub(crate) held_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) extensions: i32,
    pub(crate) payment_deadline: Option<i64>,
}

impl StateColumns {
    pub(crate) fn of(state: &BookingState) -> Self {
        let (hold, payment_deadline) = match *state {
            BookingState::Held {
                expires_at,
                held_at,
                extensions,
            } => (Some((held_at, expires_at, extensions)), None),
            BookingState::AwaitingPayment {
                expires_at,
                held_at,
                extensions,
                payment_deadline,
            } => (
                Some((held_at, expires_at, extensions)),
                Some(payment_deadline),
            ),
            _ => (None, None),
        };
        Self {
            status: state.status().as_str(),
            held_at: hold.map(|hold| micros(hold.0)),
            expires_at: hold.map(|hold| micros(hold.1)),
            extensions: hold.map_or(0, |hold| i32::from(hold.2)),
            payment_deadline: payment_deadline.map(micros),
        }
    }
}

/// The account's id and the guest's e-mail; at most one of them is there.
pub(crate) fn owner_columns(owner: &Owner) -> (Option<&[u8]>, Option<&str>) {
    match owner {
        Owner::User(user) => (Some(user.as_bytes()), None),
        Owner::Guest { email } => (None, email.as_deref()),
    }
}

/// New bookings, with what had to be made into text.
pub(crate) struct NewBookings<'b> {
    rows: &'b [&'b BookingRow],
    seats: Vec<String>,
    lines: Vec<String>,
    advice: Vec<String>,
}

impl<'b> NewBookings<'b> {
    pub(crate) fn of(rows: &'b [&'b BookingRow]) -> Result<Self, StoreError> {
        let texts = |of: fn(&BookingRow) -> Result<String, StoreError>| {
            rows.iter()
                .map(|row| of(row))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            rows,
            seats: texts(|row| to_json(&row.seats))?,
            lines: texts(|row| to_json(&row.lines))?,
            advice: texts(|row| to_json(&row.advice))?,
        })
    }

    fn column<T>(&self, value: impl Fn(&'b BookingRow) -> T) -> Vec<T> {
        self.rows.iter().map(|row| value(row)).collect()
    }

    /// The parameters after the theater.
    pub(crate) fn onto(self, call: Call<'b>) -> Call<'b> {
        let states = self.column(|row| StateColumns::of(&row.state));
        let state =
            |of: fn(&StateColumns) -> Option<i64>| states.iter().map(of).collect::<Vec<_>>();
        call.with(self.column(|row| &row.booking_id.own()[..]))
            .with(self.column(|row| &row.show_id.own()[..]))
            .with(self.column(|row| row.reference.as_str().to_owned()))
            .with(states.iter().map(|state| state.status).collect::<Vec<_>>())
            .with(self.column(|row| row.version as i64))
            .with(self.column(|row| owner_columns(&row.owner).0))
            .with(self.column(|row| owner_columns(&row.owner).1.map(text)))
            .with(self.column(|row| &row.caller[..]))
            .with(self.seats.clone())
            .with(self.column(|row| row.seats.len() as i32))
            .with(self.column(|row| row.total.amount_minor))
            .with(self.column(|row| row.total.currency.code().to_owned()))
            .with(self.lines.clone())
            .with(self.advice.clone())
            .with(self.column(|row| row.test))
            .with(self.column(|row| micros(row.created_at)))
            .with(state(|state| state.held_at))
            .with(state(|state| state.expires_at))
            .with(
                states
                    .iter()
                    .map(|state| state.extensions)
                    .collect::<Vec<_>>(),
            )
            .with(state(|state| state.payment_deadline))
            .with(self.column(|row| row.promo.as_ref().map(PromoCode::as_str)))
            .with(self.column(|row| i32::from(row.channel.code())))
    }
}

/// Payments to insert, or to replace by id.
pub(crate) struct Payments<'p>(pub(crate) &'p [&'p PaymentRow]);

impl Payments<'_> {
    fn column<T>(&self, value: impl Fn(&PaymentRow) -> T) -> Vec<T> {
        self.0.iter().map(|row| value(row)).collect()
    }

    /// The parameters after the theater.
    pub(crate) fn onto<'c>(&self, call: Call<'c>) -> Call<'c> {
        let optional = |text: Option<&String>| text.map(|it| crate::columns::text(it).into_owned());
        let key = |row: &PaymentRow| row.idempotency.clone();
        let gift = |row: &PaymentRow| row.gift.clone();
        call.with(self.column(|row| row.booking_id.own().to_vec()))
            .with(self.column(|row| row.payment_id.own().to_vec()))
            .with(self.column(|row| row.status.as_str()))
            .with(self.column(|row| row.amount.amount_minor))
            .with(self.column(|row| row.amount.currency.code().to_owned()))
            .with(self.column(|row| row.captured_minor))
            .with(self.column(|row| row.refunded_minor))
            .with(self.column(|row| text(&row.gateway).into_owned()))
            .with(self.column(|row| text(&row.method_token).into_owned()))
            .with(self.column(|row| text(&row.method_label).into_owned()))
            .with(self.column(|row| optional(row.gateway_ref.as_ref())))
            .with(self.column(|row| optional(row.decline_reason.as_ref())))
            .with(self.column(|row| micros(row.created_at)))
            .with(self.column(|row| key(row).map(|key| key.scope.to_vec())))
            .with(self.column(|row| key(row).map(|key| key.body.to_vec())))
            .with(self.column(|row| gift(row).map(|part| part.card_id.own().to_vec())))
            .with(self.column(|row| gift(row).map(|part| part.last4.clone())))
            .with(self.column(|row| gift(row).map_or(0, |part| part.amount_minor)))
            .with(self.column(|row| gift(row).map_or(0, |part| part.returned_minor)))
    }
}

/// The parameters of entries of gift cards, after the theater.
pub(crate) fn gift_entries<'c>(call: Call<'c>, entries: &[&GiftEntry]) -> Call<'c> {
    let payment = |entry: &GiftEntry| entry.payment;
    call.with(gift_column(entries, |entry| entry.card_id.own().to_vec()))
        .with(gift_column(entries, |entry| entry.entry_id.own().to_vec()))
        .with(gift_column(entries, |entry| entry.kind.as_str()))
        .with(gift_column(entries, |entry| entry.amount_minor))
        .with(gift_column(entries, |entry| {
            payment(entry).map(|(booking, _)| booking.own().to_vec())
        }))
        .with(gift_column(entries, |entry| {
            payment(entry).map(|(_, payment)| payment.own().to_vec())
        }))
        .with(gift_column(entries, |entry| micros(entry.at)))
}

fn gift_column<T>(entries: &[&GiftEntry], value: impl Fn(&GiftEntry) -> T) -> Vec<T> {
    entries.iter().map(|entry| value(entry)).collect()
}
