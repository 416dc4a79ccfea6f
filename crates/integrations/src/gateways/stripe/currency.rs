//! How Stripe counts money. Mostly as ISO 4217 does; the exceptions are Stripe's own and are listed in its documentation
//! ("Supported currencies"): two currencies without decimals are written with two, one with decimals without.

use matinee_booking::GatewayError;
use matinee_domain::money::{Currency, Money};

/// The least Stripe charges, in our minor units, as documented ("Minimum and maximum charge amounts"). What it is in other
/// currencies depends on the one the account is paid out in, which nothing here knows.
pub(super) const MINIMUMS: &[(&str, i64)] = &[
    ("AED", 200),
    ("AUD", 50),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1000),
    ("USD", 50),
];

/// Decimals of the numbers Stripe takes.
fn decimals(currency: Currency) -> Option<u32> {
    match currency.code() {
        // No decimals in life, two at Stripe; what is not whole is refused there.
        "ISK" | "UGX" => Some(2),
        "MGA" => Some(0),
        // Not to be had at Stripe.
        "IQD" | "LYD" => None,
        _ => Some(currency.decimals()),
    }
}

/// An amount as Stripe takes it: the number, and the currency in small letters.
pub(super) fn to_stripe(money: Money) -> Result<(i64, String), GatewayError> {
    let code = money.currency.code();
    let refuse = |why: &str| GatewayError::Refused(format!("{code} cannot be charged: {why}."));
    let theirs = decimals(money.currency).ok_or_else(|| refuse("Stripe does not offer it"))?;
    let ours = money.currency.decimals();
    let amount = if theirs >= ours {
        money.amount_minor.checked_mul(10_i64.pow(theirs - ours))
    } else {
        let unit = 10_i64.pow(ours - theirs);
        (money.amount_minor % unit == 0).then_some(money.amount_minor / unit)
    };
    let amount = amount.ok_or_else(|| refuse("Stripe takes whole units only"))?;
    if ours == 3 && amount % 10 != 0 {
        return Err(refuse("Stripe takes it in steps of a hundredth only"));
    }
    Ok((amount, code.to_ascii_lowercase()))
}

/// An amount as Stripe wrote it; `None` when it is none of ours.
pub(super) fn from_stripe(amount: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_ascii_uppercase().parse().ok()?;
    let (theirs, ours) = (decimals(currency)?, currency.decimals());
    let minor = if theirs >= ours {
        let unit = 10_i64.pow(theirs - ours);
        (amount % unit == 0).then_some(amount / unit)?
    } else {
        amount.checked_mul(10_i64.pow(ours - theirs))?
    };
    Some(Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn amounts_are_counted_as_stripe_does_and_come_back() {
        for (minor, code, theirs) in [
            (1450, "EUR", 1450),
            (1099, "USD", 1099),
            (500, "JPY", 500),
            (5, "ISK", 500),
            (5, "UGX", 500),
            (5120, "KWD", 5120),
            (45_000, "HUF", 45_000),
            (70_000, "MGA", 700),
        ] {
            let (amount, currency) = to_stripe(money(minor, code)).unwrap();
            assert_eq!((amount, currency.as_str()), (theirs, &*code.to_lowercase()));
            assert_eq!(from_stripe(theirs, &currency), Some(money(minor, code)));
        }
    }

    #[test]
    fn every_minimum_is_an_amount_that_stripe_takes() {
        for (code, minor) in MINIMUMS {
            let (theirs, _) = to_stripe(money(*minor, code)).unwrap();
            assert!(theirs >= 30, "{code}: {theirs}");
        }
        assert!(MINIMUMS.is_sorted_by(|one, other| one.0 < other.0));
    }

    #[test]
    fn what_stripe_cannot_take_is_refused_before_it_is_asked() {
        for (minor, code) in [
            (5123, "KWD"),
            (70_001, "MGA"),
            (1, "IQD"),
            (i64::MAX, "ISK"),
        ] {
            let refused = to_stripe(money(minor, code));
            assert!(
                matches!(refused, Err(GatewayError::Refused(_))),
                "{minor} {code}: {refused:?}"
            );
        }
        for (amount, code) in [(550, "isk"), (1, "x"), (1, "IQD")] {
            assert_eq!(from_stripe(amount, code), None, "{amount} {code}");
        }
    }
}
