//! What a lane is asked, and how it answers.

use chrono::{DateTime, Utc};
use matinee_domain::ids::{BookingId, ShowId, TheaterId};
use matinee_store::{
    StoreError,
    bookings::{ChangeHold, HoldOutcome, HoldSeats, Step, StepOutcome},
    staff::{BlockOutcome, BlockSeats},
};
use tokio::sync::oneshot;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A queued unit of work.
pub(crate) enum Unit {
    Hold(Box<HoldSeats>, Reply<HoldOutcome>),
    Change(Box<ChangeHold>, Reply<HoldOutcome>),
    Step(Box<Step>, Reply<StepOutcome>),
    /// Holds of one show that may have run out.
    Expire(Expire, Reply<usize>),
    Block(Box<BlockSeats>, Reply<BlockOutcome>),
}

/// See [`Unit::Expire`].
pub(crate) struct Expire {
    pub(crate) show: ShowId,
    pub(crate) due: Vec<BookingId>,
    pub(crate) now: DateTime<Utc>,
}

/// What became of a unit; told once the batch is durable.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Of a hold or a change that took effect: the version is known once it is written.
    Held,
    Hold(HoldOutcome),
    Step(StepOutcome),
    Freed(usize),
    Block(BlockOutcome),
    Failed(StoreError),
}

impl Unit {
    /// The show it is about.
    pub(super) fn show(&self) -> ShowId {
        match self {
            Self::Hold(hold, _) => hold.booking.show_id,
            Self::Change(change, _) => change.booking.show_id,
            Self::Step(step, _) => step.show_id,
            Self::Expire(expire, _) => expire.show,
            Self::Block(block, _) => block.show_id,
        }
    }

    pub(super) fn theater(&self) -> TheaterId {
        self.show().theater()
    }

    /// The hold it changes, if that is what it does.
    pub(super) fn changed_hold(&self) -> Option<BookingId> {
        match self {
            Self::Change(change, _) => Some(change.booking.booking_id),
            _ => None,
        }
    }

    /// It may change this booking.
    pub(super) fn is_about(&self, booking: BookingId) -> bool {
        match self {
            Self::Hold(hold, _) => hold.booking.booking_id == booking,
            Self::Change(change, _) => change.booking.booking_id == booking,
            Self::Step(step, _) => step.booking_id == booking,
            Self::Expire(expire, _) => expire.due.contains(&booking),
            Self::Block(..) => false,
        }
    }

    /// Somebody still waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        match self {
            Self::Hold(_, reply) | Self::Change(_, reply) => !reply.is_closed(),
            Self::Step(_, reply) => !reply.is_closed(),
            Self::Expire(_, reply) => !reply.is_closed(),
            Self::Block(_, reply) => !reply.is_closed(),
        }
    }

    /// Tells that nothing was done. The caller may have gone away: then nobody hears it.
    pub(super) fn fail(self, error: StoreError) {
        match self {
            Self::Hold(_, reply) | Self::Change(_, reply) => drop(reply.send(Err(error))),
            Self::Step(_, reply) => drop(reply.send(Err(error))),
            Self::Expire(_, reply) => drop(reply.send(Err(error))),
            Self::Block(_, reply) => drop(reply.send(Err(error))),
        }
    }

    /// Tells what became of it; `version` is its show's.
    pub(super) fn answer(self, outcome: Outcome, version: u64) {
        let mixed_up = || StoreError::Engine("an answer of another kind of unit".into());
        match (self, outcome) {
            (unit, Outcome::Failed(error)) => unit.fail(error),
            (Self::Hold(_, reply) | Self::Change(_, reply), Outcome::Held) => {
                let show_version = version;
                drop(reply.send(Ok(HoldOutcome::Held { show_version })));
            }
            (Self::Hold(_, reply) | Self::Change(_, reply), Outcome::Hold(outcome)) => {
                drop(reply.send(Ok(outcome)));
            }
            (Self::Step(_, reply), Outcome::Step(outcome)) => drop(reply.send(Ok(outcome))),
            (Self::Expire(_, reply), Outcome::Freed(freed)) => drop(reply.send(Ok(freed))),
            (Self::Block(_, reply), Outcome::Block(outcome)) => drop(reply.send(Ok(outcome))),
            (unit, _) => unit.fail(mixed_up()),
        }
    }
}
