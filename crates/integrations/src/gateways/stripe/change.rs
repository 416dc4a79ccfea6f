//! Moving an intent: confirming, capturing and cancelling it, and what is true after an answer that was lost, old or a refusal.

use super::{
    EXPANDED, Found, StripeGateway,
    api::{Failure, Form, KEYS, Told, form, fresh},
    objects::{Intent, IntentStatus},
    reading::{answer, declined, refused},
};
use matinee_booking::{ChargeAnswer, ChargeName, ChargeState, GatewayError};

pub(super) const CONFIRM: &str = "confirm";
pub(super) const CAPTURE: &str = "capture";
const CANCEL: &str = "cancel";

impl StripeGateway {
    /// A change of an intent, and how it stands then. Whatever Stripe says to it, the intent itself has the last word:
    /// only when that `still` stands where it stood, the change was not made. `Refused` when it never will be: then the
    /// charge is to be given up.
    pub(super) async fn change(
        &self,
        charge: &ChargeName,
        (id, still): (&str, IntentStatus),
        (verb, members): (&str, Form),
    ) -> Result<ChargeAnswer, GatewayError> {
        let path = format!("/v1/payment_intents/{id}/{verb}");
        let members = members.into_iter().chain(form(EXPANDED)).collect();
        let key = format!("{}-{verb}", charge.key);
        let name = ChargeName {
            gateway_ref: Some(id.to_owned()),
            ..charge.clone()
        };
        for number in 0..KEYS {
            let key = fresh(&key, number);
            let failure = match self.api.post_with::<Intent>(&path, &members, &key).await {
                Ok(Told {
                    object,
                    replayed: false,
                }) => {
                    self.checked(charge, &object)?;
                    return answer(&object);
                }
                // How things were when it was made; how they are now is another question.
                Ok(_) => None,
                Err(Failure::Burnt) => continue,
                Err(failure) => Some(failure),
            };
            let (now, failure) = match (self.intent(&name).await, failure) {
                (Ok(Found::Intent(now)), Some(failure)) if now.status == still => (now, failure),
                (Ok(found), _) => return found.answer(ChargeState::Voided),
                (Err(error), None) => return Err(error),
                (Err(GatewayError::Unknown), Some(_)) => return Err(GatewayError::Unknown),
                (Err(_), Some(failure)) => return Err(failure.unclear()),
            };
            return match failure {
                // Refused once, when it stood elsewhere: a payer's bank says no for good, these do not.
                Failure::Refused { replayed: true, .. } if verb != CONFIRM => continue,
                Failure::Refused {
                    status: 402, error, ..
                } if verb == CONFIRM => Ok(declined(&now, &error)),
                failure @ Failure::Refused { .. } if verb == CONFIRM => Err(refused(failure)),
                failure @ Failure::Refused { status: 402, .. } if verb == CAPTURE => {
                    Err(refused(failure))
                }
                failure => Err(failure.unclear()),
            };
        }
        Err(Failure::Burnt.unclear())
    }

    /// What was refused for good is given up, so that nothing of it stays at Stripe. Should it have gone on all the same,
    /// that is what is said.
    pub(super) async fn or_give_up(
        &self,
        charge: &ChargeName,
        intent: (&str, IntentStatus),
        made: Result<ChargeAnswer, GatewayError>,
    ) -> Result<ChargeAnswer, GatewayError> {
        let Err(GatewayError::Refused(_)) = &made else {
            return made;
        };
        let cancelled = self.change(charge, intent, (CANCEL, Vec::new())).await?;
        match cancelled.state {
            ChargeState::Voided if intent.1 == IntentStatus::RequiresConfirmation => made,
            _ => Ok(cancelled),
        }
    }

    /// Gives an intent up, as far as that can be done.
    pub(super) async fn cancel(
        &self,
        charge: &ChargeName,
        intent: Box<Intent>,
    ) -> Result<ChargeAnswer, GatewayError> {
        match intent.status {
            IntentStatus::Canceled | IntentStatus::Succeeded => answer(&intent),
            // Nobody can stop a bank at work: whoever asks comes back.
            IntentStatus::Processing => answer(&intent),
            still => {
                let cancel = (CANCEL, Vec::new());
                self.change(charge, (&intent.id, still), cancel).await
            }
        }
    }
}
