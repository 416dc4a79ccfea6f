//! Holding seats: all of them or none, for a few minutes.

mod choice;
mod promo;
mod terms;

pub(crate) use choice::named_seats;

use crate::{desk::Desk, error::SaleError, show_file::ShowFile};
use bytes::Bytes;
use choice::{apply_gap_rule, category, typed_seats};
use chrono::{DateTime, Utc};
use matinee_domain::{
    best_seats,
    booking::BookingState,
    catalog::GapRule,
    channel::SaleChannel,
    limits,
    promo::Promo,
    seat_map::{SeatId, SeatNo},
};
use matinee_store::{
    bookings::{
        BookedSeat, BookingFile, BookingRow, ExpiryLimit, HoldLimits, HoldOutcome, HoldSeats, Owner,
    },
    idempotency::{IdempotencyKey, IdempotencyRecord, Lookup, Recorded},
};
pub(crate) use promo::typed;
use std::{collections::BTreeMap, sync::Arc};
pub(crate) use terms::Terms;

/// Which seats.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// These.
    Seats(Vec<SeatId>),
    /// The best so many.
    Best(u16),
}

/// `POST /book`, read and authenticated.
#[derive(Debug, Clone)]
pub struct HoldInput {
    pub show_id: matinee_domain::ids::ShowId,
    pub wanted: Wanted,
    pub ticket_types: BTreeMap<String, String>,
    pub promo_code: Option<String>,
    pub owner: Owner,
    /// Where it is made.
    pub channel: SaleChannel,
    /// For quotas: digest of the user or of the address.
    pub caller: [u8; 16],
    pub idempotency: Option<IdempotencyKey>,
}

/// What became of a request that may be a repetition.
#[derive(Debug, Clone)]
pub enum Answered {
    /// It took effect now; the bytes are what a repetition will get.
    Now {
        file: Box<BookingFile>,
        show: Arc<ShowFile>,
        body: Bytes,
    },
    /// The first answer again.
    Again(Recorded),
}

/// How often a hold is decided anew when the show changes under it.
const TRIES: usize = 4;

impl Desk {
    /// Holds seats for a caller.
    pub async fn hold(&self, input: HoldInput) -> Result<Answered, SaleError> {
        let show = self.show_of(input.show_id).await?;
        let terms = Terms::of_the_web(self, &show);
        self.hold_on(input, show, &terms).await
    }

    /// Holds seats on these terms.
    pub(crate) async fn hold_on(
        &self,
        input: HoldInput,
        show: Arc<ShowFile>,
        terms: &Terms,
    ) -> Result<Answered, SaleError> {
        // A repetition is answered before anything else is judged: the show may have started or sold out since.
        for attempt in 1..=TRIES {
            let now = self.clock.now();
            let decided = match self.decide_hold(&input, &show, terms, now).await {
                Err(refusal) => return self.refuse_or_repeat(&input, refusal).await,
                Ok(decided) => decided,
            };
            let Decided { file, hold, body } = decided;
            match self.store.hold_seats(hold).await? {
                HoldOutcome::Held { .. } => {
                    return Ok(Answered::Now {
                        file: Box::new(file),
                        show,
                        body,
                    });
                }
                HoldOutcome::Repeated(lookup) => return repeated(lookup),
                HoldOutcome::SeatsTaken(taken) => {
                    if attempt < TRIES && matches!(input.wanted, Wanted::Best(_)) {
                        continue;
                    }
                    let wanted: Vec<SeatNo> =
                        file.booking.seats.iter().map(|seat| seat.seat).collect();
                    return Err(self.seats_taken(&show, &taken, &wanted).await?);
                }
                HoldOutcome::ShowChanged { .. } => {}
                other => return Err(refusal(other, now)),
            }
        }
        Err(SaleError::Contended)
    }

    async fn refuse_or_repeat(
        &self,
        input: &HoldInput,
        refusal: SaleError,
    ) -> Result<Answered, SaleError> {
        if let Some(key) = &input.idempotency {
            match self.store.lookup(key.clone()).await? {
                Lookup::New => {}
                seen => return repeated(seen),
            }
        }
        Err(refusal)
    }

    async fn decide_hold(
        &self,
        input: &HoldInput,
        show: &Arc<ShowFile>,
        terms: &Terms,
        now: DateTime<Utc>,
    ) -> Result<Decided, SaleError> {
        if now >= terms.until {
            return Err(SaleError::ShowStarted);
        }
        let promo = match typed(input.promo_code.as_deref()) {
            Some(code) => Some(self.open_promo(show, code, now).await?),
            None => None,
        };
        let chosen = self.choose(input, show, terms.max_seats).await?;
        let content = self
            .content_on(
                terms,
                show,
                &chosen,
                &input.ticket_types,
                (&[], promo.as_ref()),
            )
            .await?;
        terms.accept(content.quote.total)?;
        let booking = BookingRow {
            booking_id: self.new_booking_id(show.theater.theater_id, now),
            reference: self.new_reference(),
            show_id: show.show.show_id,
            owner: input.owner.clone(),
            caller: input.caller,
            state: BookingState::hold(now, self.hold_life(show)),
            seats: content.seats,
            total: content.quote.total,
            lines: content.quote.lines,
            advice: content.advice,
            promo: promo.map(|promo| promo.code),
            channel: input.channel,
            created_at: now,
            version: 1,
            test: self
                .gateway
                .as_ref()
                .is_some_and(|gateway| gateway.is_test()),
        };
        let file = BookingFile {
            booking: booking.clone(),
            payments: vec![],
            refunds: vec![],
            tickets: vec![],
            notifications: vec![],
        };
        let body = self.render.booking(&file, show, now);
        let hold = HoldSeats {
            booking,
            limits: terms.limits,
            idempotency: input.idempotency.clone().map(|key| IdempotencyRecord {
                key,
                answer: Recorded {
                    status: 201,
                    body: body.clone(),
                },
                keep_until: show.show.end_time + limits::IDEMPOTENCY_KEPT,
            }),
            only_if_version: content.only_if_version,
            now,
        };
        Ok(Decided { file, hold, body })
    }

    pub(crate) fn hold_limits(&self) -> HoldLimits {
        HoldLimits {
            unpaid_seats: self.quotas.then_some(limits::UNPAID_SEATS_PER_CALLER),
            expiries: self.quotas.then_some(ExpiryLimit {
                most: limits::UNPAID_EXPIRIES,
                within: limits::UNPAID_EXPIRIES_WITHIN,
                pause: limits::COOL_DOWN,
            }),
        }
    }

    async fn choose(
        &self,
        input: &HoldInput,
        show: &ShowFile,
        max: u16,
    ) -> Result<Vec<SeatNo>, SaleError> {
        match &input.wanted {
            Wanted::Seats(seats) => named_seats(show, seats, max),
            Wanted::Best(0) => Err(SaleError::NoSeats),
            Wanted::Best(count) => {
                if *count > max {
                    return Err(SaleError::TooManySeats { max });
                }
                let states = self.shows.seats(show).await?;
                best_seats::best_seats(
                    &show.map.map,
                    &|s| states.is_free(s),
                    usize::from(*count),
                    &|_| true,
                )
                .ok_or_else(|| SaleError::NotEnoughSeats {
                    free: usize::from(states.free()),
                })
            }
        }
    }

    /// Prices a choice, with a promotion code if there is one, and applies the single-seat-gap rule. `own` seats (of the
    /// hold being changed) count as free.
    pub(crate) async fn content(
        &self,
        show: &ShowFile,
        chosen: &[SeatNo],
        ticket_types: &BTreeMap<String, String>,
        instead: (&[SeatNo], Option<&Promo>),
    ) -> Result<Content, SaleError> {
        let terms = Terms::of_the_web(self, show);
        self.content_on(&terms, show, chosen, ticket_types, instead)
            .await
    }

    async fn content_on(
        &self,
        terms: &Terms,
        show: &ShowFile,
        chosen: &[SeatNo],
        ticket_types: &BTreeMap<String, String>,
        (own, promo): (&[SeatNo], Option<&Promo>),
    ) -> Result<Content, SaleError> {
        let seats = typed_seats(show, chosen, ticket_types)?;
        let priced = || {
            seats
                .iter()
                .map(|(seat, code)| (category(show, *seat), code.as_str()))
        };
        let prices = terms.prices(show);
        let mut quote = prices.quote(priced())?;
        if let Some(promo) = promo {
            // One that takes nothing off this booking would only be used up.
            let reduced = prices.with_promo(quote, priced(), promo)?;
            quote = reduced.ok_or(SaleError::PromoInvalid)?;
        }
        let seats = seats
            .into_iter()
            .zip(&quote.seats)
            .map(|((seat, ticket_type), price)| BookedSeat {
                seat,
                ticket_type,
                price_minor: price.amount_minor,
                cancelled: false,
                seating: show.seating,
            })
            .collect();
        let mut content = Content {
            seats,
            quote,
            advice: vec![],
            only_if_version: None,
        };
        if terms.gap_rule != GapRule::Off {
            let states = self.shows.seats(show).await?;
            apply_gap_rule(show, &states, chosen, own, &mut content)?;
        }
        Ok(content)
    }

    pub(crate) async fn seats_taken(
        &self,
        show: &ShowFile,
        taken: &[SeatNo],
        wanted: &[SeatNo],
    ) -> Result<SaleError, SaleError> {
        let states = self.shows.seats(show).await?;
        let free = |seat: SeatNo| states.is_free(seat) && !taken.contains(&seat);
        let alternatives = best_seats::alternatives(&show.map.map, &free, wanted, 3);
        let ids = |seats: &[SeatNo]| {
            seats
                .iter()
                .map(|seat| show.map.seat_id(*seat))
                .collect::<Vec<_>>()
        };
        Ok(SaleError::SeatsTaken {
            taken: ids(taken),
            alternatives: alternatives.iter().map(|set| ids(set)).collect(),
        })
    }
}

struct Decided {
    file: BookingFile,
    hold: HoldSeats,
    body: Bytes,
}

/// A priced choice.
pub(crate) struct Content {
    pub seats: Vec<BookedSeat>,
    pub quote: matinee_domain::price::Quote,
    pub advice: Vec<String>,
    /// An enforced rule looked at the show at this version.
    pub only_if_version: Option<u64>,
}

/// What a repeated key answers.
pub(crate) fn repeated(lookup: Lookup) -> Result<Answered, SaleError> {
    match lookup {
        Lookup::Replay(recorded) => Ok(Answered::Again(recorded)),
        Lookup::Reused => Err(SaleError::KeyReused),
        // The store says `Repeated` only for keys it has seen.
        Lookup::New => Err(SaleError::Contended),
    }
}

/// The refusals that need no more looking up.
pub(crate) fn refusal(outcome: HoldOutcome, now: DateTime<Utc>) -> SaleError {
    match outcome {
        HoldOutcome::TooManyUnpaid { held } => SaleError::TooManyUnpaid { held },
        HoldOutcome::CoolDown { until } => SaleError::CoolDown {
            until,
            wait: until - now,
        },
        HoldOutcome::NoShow => SaleError::NoShow,
        HoldOutcome::ShowCancelled => SaleError::ShowCancelled,
        HoldOutcome::ShowMoved => SaleError::ShowMoved,
        HoldOutcome::PromoGone => SaleError::PromoInvalid,
        HoldOutcome::PromoUsedByCustomer => SaleError::PromoUsedByCustomer,
        HoldOutcome::Stale(None) => SaleError::NoBooking,
        HoldOutcome::Stale(Some(booking)) => match booking.state {
            BookingState::Held { .. } => SaleError::VersionMismatch,
            BookingState::AwaitingPayment { .. } => SaleError::PaymentInProgress,
            BookingState::Expired => SaleError::HoldExpired,
            _ => SaleError::NotHeld,
        },
        HoldOutcome::Held { .. }
        | HoldOutcome::SeatsTaken(_)
        | HoldOutcome::ShowChanged { .. }
        | HoldOutcome::Repeated(_) => SaleError::Contended,
    }
}
