//! What can happen in the model, and what must hold whatever happens.

use crate::world::{Action, BUYERS, Bank, Decide, PAYMENTS, Payment, SERVERS, Work, World};
use matinee_domain::{
    booking::BookingStatus as B, payment::PaymentStatus as P, settlement::AtGateway as G,
};
use stateright::{Model, Property};

/// The model.
pub struct Sale {
    pub decide: Decide,
}

impl Sale {
    fn of_buyer(world: &World, buyer: usize, actions: &mut Vec<Action>) {
        let booking = &world.bookings[buyer];
        match booking.status {
            None if world.seat.is_none() => actions.push(Action::Hold(buyer)),
            Some(B::Held) => {
                actions.push(Action::Release(buyer));
                if booking.hold_over {
                    actions.push(Action::Reap(buyer));
                } else if booking.payments.len() < PAYMENTS[buyer] {
                    actions.extend((0..SERVERS).map(|server| Action::Pay(server, buyer)));
                }
            }
            Some(B::Confirmed)
                if booking
                    .payments
                    .iter()
                    .any(|p| p.ours == P::Captured && !p.refund_due) =>
            {
                actions.push(Action::Cancel(buyer));
            }
            _ => {}
        }
        if booking.status.is_some() && !booking.hold_over {
            actions.push(Action::HoldRunsOut(buyer));
        }
        if booking.hold_over && !booking.deadline_over && world.live(buyer).is_some() {
            actions.push(Action::DeadlinePasses(buyer));
        }
        for (number, payment) in booking.payments.iter().enumerate() {
            if payment.bank == Some(G::RequiresAction) {
                actions.push(Action::Payer(buyer, number, true));
                actions.push(Action::Payer(buyer, number, false));
            }
            if payment.bank == Some(G::Voided) && payment.ours == P::Voided && !world.broke_its_word
            {
                actions.push(Action::BankBreaksItsWord(buyer, number));
            }
            if payment.refund_due && !payment.refunded {
                actions.push(Action::PayBack(buyer, number));
            }
        }
    }

    fn of_server(world: &World, server: usize, actions: &mut Vec<Action>) {
        match world.servers[server] {
            None => {
                if world.unheard.is_some() {
                    actions.push(Action::Hear(server));
                }
                for buyer in 0..BUYERS {
                    if let Some(payment) = world.live(buyer) {
                        actions.push(Action::Recover(server, buyer, payment));
                    }
                }
            }
            Some(Work::Authorize { .. } | Work::NeverCharge { .. }) => {
                actions.push(Action::Crash(server));
                for bank in [Bank::Takes, Bank::TakesAtOnce, Bank::Asks, Bank::Refuses] {
                    actions.push(Action::Go(server, bank));
                }
            }
            Some(_) => {
                actions.push(Action::Crash(server));
                actions.push(Action::Go(server, Bank::Takes));
            }
        }
    }
}

impl Model for Sale {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for buyer in 0..BUYERS {
            Self::of_buyer(world, buyer, actions);
        }
        for server in 0..SERVERS {
            Self::of_server(world, server, actions);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        match action {
            Action::Hold(buyer) => {
                world.bookings[buyer].status = Some(B::Held);
                world.seat = Some(buyer);
            }
            Action::Release(buyer) => world.free(buyer, B::Released),
            Action::Reap(buyer) => world.free(buyer, B::Expired),
            Action::HoldRunsOut(buyer) => world.bookings[buyer].hold_over = true,
            Action::DeadlinePasses(buyer) => world.bookings[buyer].deadline_over = true,
            Action::Pay(server, buyer) => {
                if world.servers[server].is_some() {
                    return None;
                }
                let booking = &mut world.bookings[buyer];
                booking.status = Some(B::AwaitingPayment);
                booking.payments.push(Payment {
                    ours: P::Created,
                    bank: None,
                    refund_due: false,
                    refunded: false,
                });
                let payment = booking.payments.len() - 1;
                world.servers[server] = Some(Work::Authorize { buyer, payment });
            }
            Action::Go(server, bank) => world.go(self.decide, server, bank),
            Action::Crash(server) => world.servers[server] = None,
            Action::Payer(buyer, payment, yes) => {
                world.bookings[buyer].payments[payment].bank =
                    Some(if yes { G::Authorized } else { G::Declined });
            }
            Action::Recover(server, buyer, payment) => world.recover(server, buyer, payment),
            Action::BankBreaksItsWord(buyer, payment) => {
                world.bookings[buyer].payments[payment].bank = Some(G::Captured);
                world.unheard = Some((buyer, payment));
                world.broke_its_word = true;
            }
            Action::Hear(server) => {
                world.servers[server] = world.unheard.map(|(buyer, payment)| Work::Settle {
                    buyer,
                    payment,
                    said: G::Captured,
                });
            }
            Action::Cancel(buyer) => {
                world.free(buyer, B::Cancelled);
                for payment in &mut world.bookings[buyer].payments {
                    payment.refund_due |= payment.ours == P::Captured;
                }
            }
            Action::PayBack(buyer, payment) => {
                world.bookings[buyer].payments[payment].refunded = true;
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the seat is sold once", |_, world: &World| {
                world.sold_once()
            }),
            Property::always("no money is stranded", |_, world: &World| {
                world.no_money_is_stranded()
            }),
            Property::always("one live payment at most", |_, world: &World| {
                world.never_two_live()
            }),
            Property::always("no expiry under a payment", |_, world: &World| {
                world.no_expiry_under_a_payment()
            }),
            // The model would prove nothing if these were out of reach.
            Property::sometimes("somebody buys", |_, world: &World| {
                world.quiet()
                    && world
                        .bookings
                        .iter()
                        .any(|b| b.status == Some(B::Confirmed))
            }),
            Property::sometimes(
                "the other buys what the first let run out",
                |_, world: &World| {
                    world.quiet()
                        && world.bookings[0].status == Some(B::Expired)
                        && world.bookings[1].status == Some(B::Confirmed)
                },
            ),
            Property::sometimes("late money goes back", |_, world: &World| {
                world.quiet()
                    && world.bookings.iter().any(|b| {
                        b.status == Some(B::Expired) && b.payments.iter().any(|p| p.refunded)
                    })
            }),
            Property::sometimes("a second try succeeds", |_, world: &World| {
                world.quiet()
                    && world.bookings[0].status == Some(B::Confirmed)
                    && world.bookings[0].payments.len() == 2
            }),
            Property::sometimes("somebody cancels and is paid back", |_, world: &World| {
                world.quiet()
                    && world.bookings.iter().any(|b| {
                        b.status == Some(B::Cancelled) && b.payments.iter().any(|p| p.refunded)
                    })
            }),
        ]
    }
}
