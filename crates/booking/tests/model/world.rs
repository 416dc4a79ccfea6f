//! The states and steps of the model.

use matinee_domain::{
    booking::BookingStatus as B,
    payment::PaymentStatus as P,
    settlement::{AtGateway as G, Next},
};

pub const BUYERS: usize = 2;
pub const SERVERS: usize = 2;
/// Payments the first buyer may try; the second has one.
pub const PAYMENTS: [usize; BUYERS] = [2, 1];

/// What a server does next about a payment: the product's decision, or a spoiled one.
pub type Decide = fn(G, P, B) -> Next;

/// One payment in our books and at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Payment {
    pub ours: P,
    pub bank: Option<G>,
    /// Refund of the whole: recorded, paid by the bank.
    pub refund_due: bool,
    pub refunded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Booking {
    pub status: Option<B>,
    pub payments: Vec<Payment>,
    pub hold_over: bool,
    pub deadline_over: bool,
}

/// What a server is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Recorded the attempt; next it asks the bank.
    Authorize {
        buyer: usize,
        payment: usize,
    },
    /// Recovery: the bank did not know the charge; it begins it to give it up.
    NeverCharge {
        buyer: usize,
        payment: usize,
    },
    /// The bank said this; next it brings the books into line.
    Settle {
        buyer: usize,
        payment: usize,
        said: G,
    },
    Capture {
        buyer: usize,
        payment: usize,
    },
    Void {
        buyer: usize,
        payment: usize,
    },
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct World {
    /// Whose the seat is: its primary key allows one.
    pub seat: Option<usize>,
    pub bookings: [Booking; BUYERS],
    pub servers: [Option<Work>; SERVERS],
    /// The payment with which the bank broke its word, until a server has heard of it.
    pub unheard: Option<(usize, usize)>,
    pub broke_its_word: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Hold(usize),
    Release(usize),
    HoldRunsOut(usize),
    DeadlinePasses(usize),
    Reap(usize),
    /// A buyer's request to pay reaches a server.
    Pay(usize, usize),
    /// A server makes its next step; the bank may answer in several ways.
    Go(usize, Bank),
    Crash(usize),
    /// The payer confirms or refuses at their bank; a server hears of it or not.
    Payer(usize, usize, bool),
    /// A server's recovery looks at a payment.
    Recover(usize, usize, usize),
    Cancel(usize),
    PayBack(usize, usize),
    /// The bank takes the money of a charge it had given up: once, as the worst that a late event can say.
    BankBreaksItsWord(usize, usize),
    /// A server hears of that.
    Hear(usize),
}

/// How the bank answers a new charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bank {
    Takes,
    TakesAtOnce,
    Asks,
    Refuses,
}

impl World {
    pub fn live(&self, buyer: usize) -> Option<usize> {
        self.bookings[buyer]
            .payments
            .iter()
            .position(|p| p.ours.is_live())
    }

    /// A charge begins at the bank; a repeated one answers as the first.
    fn authorize(&mut self, buyer: usize, payment: usize, bank: Bank) -> G {
        let charge = &mut self.bookings[buyer].payments[payment].bank;
        *charge.get_or_insert(match bank {
            Bank::Takes => G::Authorized,
            Bank::TakesAtOnce => G::Captured,
            Bank::Asks => G::RequiresAction,
            Bank::Refuses => G::Declined,
        })
    }

    fn void(&mut self, buyer: usize, payment: usize) -> G {
        let charge = &mut self.bookings[buyer].payments[payment].bank;
        let now = match *charge {
            Some(G::Captured) => G::Captured,
            Some(G::Declined) => G::Declined,
            _ => G::Voided,
        };
        *charge = Some(now);
        now
    }

    fn capture(&mut self, buyer: usize, payment: usize) -> Option<G> {
        let charge = &mut self.bookings[buyer].payments[payment].bank;
        if *charge == Some(G::Authorized) {
            *charge = Some(G::Captured);
        }
        *charge
    }

    /// One settlement step, in one transaction; what the server does after it.
    fn settle(&mut self, decide: Decide, buyer: usize, payment: usize, said: G) -> Option<Work> {
        let again = Some(Work::Settle {
            buyer,
            payment,
            said,
        });
        let status = self.bookings[buyer].status?;
        match decide(said, self.bookings[buyer].payments[payment].ours, status) {
            Next::Done => {
                // It was heard, and nothing is left to do about it.
                let heard =
                    |about: &(usize, usize)| said == G::Captured && *about == (buyer, payment);
                self.unheard = self.unheard.filter(|about| !heard(about));
                None
            }
            Next::Capture => Some(Work::Capture { buyer, payment }),
            Next::Void => Some(Work::Void { buyer, payment }),
            Next::GiveBack => {
                self.give_back(buyer, payment);
                again
            }
            Next::Record(to) => match (to, status) {
                (P::Authorized | P::Captured, B::Expired) if self.seat.is_some() => {
                    // The seats are gone: captured money goes back, an authorization is given up.
                    if said == G::Captured {
                        self.give_back(buyer, payment);
                        again
                    } else {
                        Some(Work::Void { buyer, payment })
                    }
                }
                _ => {
                    self.record(buyer, payment, to, status);
                    again
                }
            },
        }
    }

    fn record(&mut self, buyer: usize, payment: usize, to: P, status: B) {
        let booking = &mut self.bookings[buyer];
        let ours = &mut booking.payments[payment].ours;
        if *ours != to {
            *ours = ours.advance(to).expect("the decision keeps to the rules");
        }
        match (to, status) {
            (P::Authorized | P::Captured, B::Expired | B::AwaitingPayment) => {
                booking.status = Some(B::Confirmed);
                self.seat = Some(buyer);
            }
            (P::Declined | P::Voided, B::AwaitingPayment) => {
                booking.status = Some(if booking.hold_over {
                    B::Expired
                } else {
                    B::Held
                });
                if booking.hold_over {
                    self.seat = None;
                }
            }
            // Only the payment that confirmed it can take its seats along.
            (P::Declined | P::Voided, B::Confirmed) => {
                booking.status = Some(B::Cancelled);
                self.seat = None;
            }
            _ => {}
        }
    }

    fn give_back(&mut self, buyer: usize, payment: usize) {
        let payment = &mut self.bookings[buyer].payments[payment];
        payment.ours = P::Captured;
        payment.refund_due = true;
    }

    /// A server's next step.
    pub fn go(&mut self, decide: Decide, server: usize, bank: Bank) {
        let Some(work) = self.servers[server] else {
            return;
        };
        self.servers[server] = match work {
            Work::Authorize { buyer, payment } => {
                let said = self.authorize(buyer, payment, bank);
                Some(Work::Settle {
                    buyer,
                    payment,
                    said,
                })
            }
            Work::NeverCharge { buyer, payment } => match self.authorize(buyer, payment, bank) {
                G::Authorized | G::RequiresAction => Some(Work::Void { buyer, payment }),
                said => Some(Work::Settle {
                    buyer,
                    payment,
                    said,
                }),
            },
            Work::Settle {
                buyer,
                payment,
                said,
            } => self.settle(decide, buyer, payment, said),
            Work::Capture { buyer, payment } => {
                self.capture(buyer, payment).map(|said| Work::Settle {
                    buyer,
                    payment,
                    said,
                })
            }
            Work::Void { buyer, payment } => {
                let said = self.void(buyer, payment);
                Some(Work::Settle {
                    buyer,
                    payment,
                    said,
                })
            }
        };
    }

    pub fn recover(&mut self, server: usize, buyer: usize, payment: usize) {
        let overdue = self.bookings[buyer].deadline_over;
        let charge = self.bookings[buyer].payments[payment];
        self.servers[server] = match charge.bank {
            None => Some(Work::NeverCharge { buyer, payment }),
            Some(G::RequiresAction) if overdue => Some(Work::Void { buyer, payment }),
            Some(G::RequiresAction) if charge.ours == P::RequiresAction => None,
            Some(said) => Some(Work::Settle {
                buyer,
                payment,
                said,
            }),
        };
    }

    pub fn free(&mut self, buyer: usize, to: B) {
        self.bookings[buyer].status = Some(to);
        self.seat = None;
    }

    /// Nothing runs and nothing is left for recovery.
    pub fn quiet(&self) -> bool {
        self.servers.iter().all(Option::is_none)
            && self.unheard.is_none()
            && self.bookings.iter().all(|booking| {
                booking
                    .payments
                    .iter()
                    .all(|p| !p.ours.is_live() && (!p.refund_due || p.refunded))
            })
    }

    /// At most one booking has the seat, and whoever is confirmed has it.
    pub fn sold_once(&self) -> bool {
        let owner = |status| matches!(status, Some(B::Held | B::AwaitingPayment | B::Confirmed));
        self.bookings
            .iter()
            .enumerate()
            .all(|(buyer, booking)| owner(booking.status) == (self.seat == Some(buyer)))
    }

    /// Once all is quiet the bank keeps exactly what confirmed bookings cost, once each, and nothing is left open.
    pub fn no_money_is_stranded(&self) -> bool {
        !self.quiet()
            || self.bookings.iter().all(|booking| {
                let kept = booking
                    .payments
                    .iter()
                    .filter(|p| p.bank == Some(G::Captured) && !p.refunded);
                let open = booking
                    .payments
                    .iter()
                    .any(|p| matches!(p.bank, Some(G::Authorized | G::RequiresAction)));
                kept.count() == usize::from(booking.status == Some(B::Confirmed)) && !open
            })
    }

    /// Nobody is charged twice for one booking at once, not even for a moment.
    pub fn never_two_live(&self) -> bool {
        self.bookings
            .iter()
            .all(|booking| booking.payments.iter().filter(|p| p.ours.is_live()).count() <= 1)
    }

    /// A payment in flight keeps its seat.
    pub fn no_expiry_under_a_payment(&self) -> bool {
        self.bookings.iter().all(|booking| {
            booking.status != Some(B::AwaitingPayment)
                || booking.payments.iter().any(|p| p.ours.is_live())
        })
    }

    pub fn sell_twice(&mut self) {
        self.seat = Some(0);
        for booking in &mut self.bookings {
            booking.status = Some(B::Confirmed);
        }
    }

    pub fn strand_money(&mut self) {
        self.bookings[0].status = Some(B::Expired);
        self.bookings[0].payments.push(Payment {
            ours: P::Voided,
            bank: Some(G::Captured),
            refund_due: false,
            refunded: false,
        });
    }
}
