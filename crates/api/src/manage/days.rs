//! A theater's business day in numbers. Each is to the cent, and the days together are the ledger.

use chrono::{DateTime, NaiveDate, Utc};
use matinee_domain::{
    channel::SaleChannel,
    ids::{ShowId, TheaterId},
    money::{Currency, Money},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use specta::Type;

/// `GET /manage/theaters/{theater_id}/days/{date}`. A payment counts on the day it was begun, a refund on the day it was
/// asked for; what a gateway refused for good is no refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct DayTotals {
    pub theater_id: TheaterId,
    /// In the theater's zone.
    #[specta(type = String)]
    pub date: NaiveDate,
    pub time_zone: String,
    pub from: DateTime<Utc>,
    /// Exclusive. A day on which the clocks change has 23 or 25 hours.
    pub until: DateTime<Utc>,
    /// The day is over; until then the numbers grow.
    pub over: bool,
    pub currency: Currency,
    pub tickets: u32,
    /// What tickets were sold for.
    pub sold: Money,
    pub refunded: Money,
    /// Sold and late less refunded.
    pub net: Money,
    /// The tax inside `sold`.
    pub tax_sold: Money,
    /// The tax inside `refunded`.
    pub tax_refunded: Money,
    /// Money that came too late for its seats; it goes back whole, and is among `refunded`.
    pub late: Money,
    /// Of `sold`, what was paid in a trial, without real money.
    pub trial: Money,
    pub by_show: Vec<ShowDay>,
    pub by_ticket_type: Vec<TicketTypeDay>,
    pub by_method: Vec<MethodDay>,
    pub by_channel: Vec<ChannelDay>,
    pub refunds_by_reason: Vec<ReasonDay>,
    pub settlement: Vec<SettlementDay>,
}

/// A show on a day, whenever it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ShowDay {
    pub show_id: ShowId,
    pub movie_name: String,
    pub screen_name: String,
    pub start_time: Option<DateTime<Utc>>,
    pub tickets: u32,
    pub sold: Money,
    pub refunded: Money,
}

/// A ticket type on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct TicketTypeDay {
    pub ticket_type: String,
    pub tickets: u32,
    pub sold: Money,
}

/// A way of paying on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct MethodDay {
    /// What the payment says: the gateway's name, `cash`, `terminal`, …
    pub method: String,
    pub payments: u32,
    pub sold: Money,
    pub refunded: Money,
}

/// Where tickets were bought, on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ChannelDay {
    pub channel: SaleChannel,
    pub bookings: u32,
    pub tickets: u32,
    pub sold: Money,
}

/// Why money went back, on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct ReasonDay {
    /// `cancelled_by_customer`, `show_cancelled`, `show_moved`, `seats_gone` (too late), `goodwill`, or what staff named.
    pub reason: String,
    pub refunds: u32,
    pub amount: Money,
}

/// What a gateway took and gave back, on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type, JsonSchema)]
pub struct SettlementDay {
    pub gateway: String,
    /// All that was taken, also what came too late.
    pub captured: Money,
    pub refunded: Money,
    pub net: Money,
}
