//! A buyer who does one thing after the other, and what they do when something goes wrong.

use crate::house::House;
use bytes::Bytes;
use chrono::TimeDelta;
use matinee_booking::{
    Answered, CancelInput, Desk, GiftInput, HoldInput, PayInput, SaleError, Settled, Wanted,
};
use matinee_domain::{channel::SaleChannel, gift::GiftCode, ids::BookingId, seat_map::SeatId};
use matinee_store::{bookings::Owner, conformance::fixtures, idempotency::IdempotencyKey};

/// One thing a buyer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Hold(&'static [&'static str]),
    Extend,
    Pay(&'static str),
    /// A gift card pays what it has, the method the rest.
    PayWith(&'static str, Card),
    /// The payer's bank says yes or no.
    Bank(bool),
    Cancel(Option<&'static [&'static str]>),
    Release,
    /// Minutes pass; the server's jobs run.
    Minutes(i64),
}

/// The gift cards that every house has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// Not enough for any ticket.
    Small,
    /// Enough for everybody's.
    Large,
}

impl Card {
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    pub fn code(self) -> GiftCode {
        GiftCode::from_random([self as u8 + 1; 12])
    }

    pub const fn amount_minor(self) -> i64 {
        match self {
            Self::Small => 700,
            Self::Large => 100_000,
        }
    }
}

/// What a buyer does when an answer does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Never comes back.
    Gone,
    /// Asks the same again at once.
    Prompt,
    /// Asks the same again a minute later.
    Late,
}

/// A definite answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub status: u16,
    pub body: Bytes,
}

/// One buyer with what they remember.
#[derive(Debug, Clone)]
pub struct Buyer {
    pub number: u8,
    pub nature: Nature,
    pub booking: Option<BookingId>,
    /// Each keyed request with the answer it had.
    pub heard: Vec<(usize, Act, Heard)>,
}

fn key(buyer: u8, at: usize, act: Act) -> IdempotencyKey {
    let mut scope = [buyer; 16];
    scope[..8].copy_from_slice(&(at as u64).to_be_bytes());
    let mut body = [0; 16];
    for (index, byte) in format!("{act:?}").bytes().enumerate() {
        body[index % 16] ^= byte.rotate_left((index / 16) as u32);
    }
    IdempotencyKey { scope, body }
}

fn seats(names: &[&str]) -> Vec<SeatId> {
    names.iter().map(|name| SeatId((*name).into())).collect()
}

fn answered(answer: Answered, status: u16) -> Heard {
    match answer {
        Answered::Now { body, .. } => Heard { status, body },
        Answered::Again(kept) => Heard {
            status: kept.status,
            body: kept.body,
        },
    }
}

fn settled(answer: Settled) -> Heard {
    match answer {
        Settled::Answer { status, body, .. } => Heard { status, body },
        Settled::Again(kept) => Heard {
            status: kept.status,
            body: kept.body,
        },
    }
}

/// Nothing is known of what became of the request: it must be asked again.
pub fn is_unclear(error: &SaleError) -> bool {
    matches!(
        error,
        SaleError::Store(_) | SaleError::Gateway(_) | SaleError::Contended
    )
}

impl Buyer {
    pub fn new(number: u8, nature: Nature) -> Self {
        Self {
            number,
            nature,
            booking: None,
            heard: Vec::new(),
        }
    }

    /// Asks once.
    pub async fn ask(&mut self, desk: &Desk, at: usize, act: Act) -> Result<Heard, SaleError> {
        let idempotency = Some(key(self.number, at, act));
        let booking_id = self.booking;
        match act {
            Act::Hold(wanted) => {
                let input = HoldInput {
                    show_id: fixtures::show_id(1, 1),
                    wanted: Wanted::Seats(seats(wanted)),
                    ticket_types: std::collections::BTreeMap::new(),
                    promo_code: None,
                    channel: SaleChannel::Web,
                    owner: Owner::Guest {
                        email: Some(format!("buyer{}@example.org", self.number)),
                    },
                    caller: [self.number; 16],
                    idempotency,
                };
                let heard = answered(desk.hold(input).await?, 201);
                let text = std::str::from_utf8(&heard.body).unwrap();
                self.booking = text.split('|').next().unwrap().parse().ok();
                Ok(heard)
            }
            Act::Extend => {
                let booking_id = booking_id.ok_or(SaleError::NoBooking)?;
                Ok(answered(desk.extend(booking_id, idempotency).await?, 200))
            }
            Act::Pay(method) | Act::PayWith(method, _) => {
                let gift = match act {
                    Act::PayWith(_, card) => Some(GiftInput {
                        code: card.code().to_string(),
                        expected: None,
                    }),
                    _ => None,
                };
                let input = PayInput {
                    booking_id: booking_id.ok_or(SaleError::NoBooking)?,
                    method: method.into(),
                    expected_total: None,
                    gift,
                    idempotency,
                };
                Ok(settled(desk.pay(input).await?))
            }
            Act::Bank(yes) => {
                let booking_id = booking_id.ok_or(SaleError::NoBooking)?;
                let file = desk.store.booking(booking_id).await?;
                let payments = file.map(|file| file.payments).unwrap_or_default();
                let last = payments.last().ok_or(SaleError::NotAwaitingAction)?;
                Ok(settled(desk.simulate(last.payment_id, yes, None).await?))
            }
            Act::Cancel(named) => {
                let input = CancelInput {
                    booking_id: booking_id.ok_or(SaleError::NoBooking)?,
                    seat_ids: named.map(seats),
                    idempotency,
                };
                Ok(answered(desk.cancel(input).await?, 200))
            }
            Act::Release => {
                let booking_id = booking_id.ok_or(SaleError::NoBooking)?;
                desk.release(booking_id).await?;
                Ok(Heard {
                    status: 204,
                    body: Bytes::new(),
                })
            }
            Act::Minutes(_) => unreachable!("time is not asked of the desk"),
        }
    }

    /// Does one thing after the other; false when the buyer gave up.
    pub async fn go_through(&mut self, house: &mut House, acts: &[Act]) -> bool {
        for (at, act) in acts.iter().enumerate() {
            if let Act::Minutes(minutes) = act {
                house.later(TimeDelta::minutes(*minutes));
                if house.jobs().await.is_err() {
                    house.restart().await;
                }
                continue;
            }
            if !self.insist(house, at, *act).await {
                return false;
            }
        }
        true
    }

    /// Asks until there is a definite answer, as often as this buyer would.
    async fn insist(&mut self, house: &mut House, at: usize, act: Act) -> bool {
        for _ in 0..4 {
            let desk = house.desk.clone();
            let answer = house.unless_it_crashes(self.ask(&desk, at, act)).await;
            match answer {
                Ok(Ok(heard)) => {
                    self.heard.push((at, act, heard));
                    return true;
                }
                Ok(Err(error)) if !is_unclear(&error) => return true,
                Ok(Err(_)) => {}
                Err(_) => house.restart().await,
            }
            if self.nature == Nature::Gone {
                return false;
            }
            house.wire.heal();
            if self.nature == Nature::Late {
                house.a_minute_of_jobs().await;
            }
        }
        panic!("{act:?} has no definite answer after four tries");
    }

    /// Asks everything again that was answered; what was said must be said again, byte for byte.
    pub async fn same_answers_again(&mut self, house: &House) -> Result<(), String> {
        for (at, act, first) in self.heard.clone() {
            if matches!(act, Act::Bank(_) | Act::Release) {
                continue;
            }
            for _ in 0..2 {
                match self.ask(&house.desk, at, act).await {
                    Ok(again) if again == first => {}
                    other => {
                        return Err(format!("{act:?} said {first:?} and then {other:?}"));
                    }
                }
            }
        }
        Ok(())
    }
}
