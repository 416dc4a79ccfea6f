//! The use cases of selling: hold, change, extend, release, pay, confirm, cancel, refund, expire, and the jobs that
//! finish what a crash left behind.
//!
//! Each use case is: input, pure decision (from `domain`), then a bounded list of units of work. No HTTP, no SQL, and
//! never a gateway call inside a transaction: every step is recorded before it is taken and may run twice.
//!
//! A refund ends as succeeded or, when the gateway refuses it for good, as failed. Nothing tries a failed one again: it
//! is logged as an error, counted in [`Desk::refunds_refused`], and named by `verify` until the money went back.

mod cancel;
mod cancel_show;
mod change;
mod desk;
mod end_moved;
mod error;
mod expire;
mod gateway_event;
mod gift;
mod hold;
mod move_show;
mod notes;
mod page;
mod pay;
mod pay_back;
pub mod ports;
mod reconcile;
mod sell;
mod settle;
mod show_file;
mod staff_refund;

pub use cancel::{CancelInput, cancellable_until, is_cancellable, paying, refund_for, refund_of};
pub use change::ChangeInput;
pub use desk::{Desk, OnFile, Render, is_at};
pub use error::SaleError;
pub use expire::JobReport;
pub use gateway_event::{GatewayEvent, GatewayFact, Heard};
pub use gift::GiftInput;
pub use hold::{Answered, HoldInput, Wanted};
pub use move_show::{MoveError, MoveInput, MovePlan, Notes, Reseated};
pub use notes::JobNotes;
pub use page::PaymentPage;
pub use pay::PayInput;
pub use ports::*;
pub use reconcile::{Difference, Differs, Reconciled};
pub use sell::SellInput;
pub use settle::Settled;
pub use show_file::{IndexedMap, SeatStates, ShowFile, Shows, Taken};
pub use staff_refund::{RenderRefund, StaffRefund, StaffRefundInput};
