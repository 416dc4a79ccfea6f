//! What Stripe says, in our words: where an intent stands, what a refusal means, what the payer is told.

use super::{
    api::Failure,
    currency,
    objects::{ErrorBody, Intent, IntentStatus, Link, Method},
};
use matinee_booking::{ChargeAnswer, ChargeState, GatewayError};

/// A reading that failed.
pub(super) fn not_there(failure: Failure) -> GatewayError {
    match failure {
        Failure::Refused { status: 404, .. } => GatewayError::Unknown,
        failure => failure.unclear(),
    }
}

/// Something that could not be made. Stripe's own words are for the payer where they are about the card.
pub(super) fn refused(failure: Failure) -> GatewayError {
    match failure {
        Failure::Refused {
            status: 402, error, ..
        } => GatewayError::Refused(words(&error)),
        // The same key with another form: what the first one came to is not known.
        Failure::Refused { ref error, .. } if error.kind == "idempotency_error" => {
            failure.unclear()
        }
        Failure::Refused { error, .. } => {
            tracing::warn!(
                code = error.code,
                kind = error.kind,
                "Stripe refused a charge"
            );
            GatewayError::Refused(match error.code.as_deref() {
                Some("amount_too_small") => "The amount is too small for a card.".into(),
                Some("amount_too_large") => "The amount is too large for one payment.".into(),
                _ => "The payment service does not know this means of payment.".into(),
            })
        }
        failure => failure.unclear(),
    }
}

/// Why the bank said no, for the payer.
fn words(error: &ErrorBody) -> String {
    // What is said of anything but the card is meant for whoever runs this.
    let of_the_card = error.kind == "card_error";
    match error.message.as_deref().map(str::trim) {
        Some(message) if of_the_card && !message.is_empty() && message.len() <= 200 => {
            message.to_owned()
        }
        _ => "The bank declined this card.".into(),
    }
}

pub(super) fn declined(intent: &Intent, error: &ErrorBody) -> ChargeAnswer {
    ChargeAnswer {
        state: ChargeState::Declined {
            reason: words(error),
        },
        ..with_state(intent, ChargeState::Voided)
    }
}

fn with_state(intent: &Intent, state: ChargeState) -> ChargeAnswer {
    let refunded = intent.latest_charge.as_ref().and_then(Link::whole);
    let refunded = refunded.map_or(0, |charge| charge.amount_refunded);
    let refunded = currency::from_stripe(refunded, &intent.currency);
    ChargeAnswer {
        state,
        method_label: intent
            .payment_method
            .as_ref()
            .and_then(Link::whole)
            .map(label)
            .unwrap_or_default(),
        gateway_ref: intent.id.clone(),
        refunded_minor: refunded.map_or(0, |money| money.amount_minor),
    }
}

/// What the payer calls it.
fn label(method: &Method) -> String {
    let capital = |text: &str| {
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    match &method.card {
        Some(card) => format!("{} •••• {}", capital(&card.brand), card.last4),
        None => capital(&method.kind.replace('_', " ")),
    }
}

/// Where an intent stands, in our words. One that was never confirmed is unknown: nothing was asked of any bank.
pub(super) fn answer(intent: &Intent) -> Result<ChargeAnswer, GatewayError> {
    let state = match intent.status {
        IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled => {
            match &intent.last_payment_error {
                Some(error) => return Ok(declined(intent, error)),
                None if intent.status == IntentStatus::Canceled => ChargeState::Voided,
                None => return Err(GatewayError::Unknown),
            }
        }
        IntentStatus::RequiresConfirmation => return Err(GatewayError::Unknown),
        IntentStatus::RequiresAction => {
            let redirect = intent.next_action.as_ref();
            let redirect = redirect.and_then(|action| action.redirect_to_url.as_ref());
            ChargeState::RequiresAction {
                url: redirect.and_then(|redirect| redirect.url.clone()),
            }
        }
        // The bank takes its time; nobody has to do anything but wait.
        IntentStatus::Processing => ChargeState::RequiresAction { url: None },
        IntentStatus::RequiresCapture => ChargeState::Authorized,
        IntentStatus::Succeeded => ChargeState::Captured,
    };
    Ok(with_state(intent, state))
}
