//! What is counted, how often it may happen, and by which key.

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Payment attempts, by address.
    PaymentAddress,
    /// Ways to the gateway's page asked for, by address.
    PaymentPage,
    /// Messages that claim to come from the payment gateway and were refused, by address.
    RefusedNews,
    /// Promo codes that were refused, by caller.
    PromoGuess,
    /// Gift cards that were refused, by caller.
    GiftGuess,
    /// New accounts, by address.
    RegisterAddress,
    /// Sign-ins tried, by address.
    LoginAddress,
    /// Wrong passwords, by e-mail, wherever they come from; an address that signed in lately is not held back.
    LoginAccount,
    /// Token refreshes, by address.
    RefreshAddress,
    /// Forgotten passwords, by address.
    ForgotAddress,
    /// Mails about a forgotten password, by e-mail. Silent: the answer is 202 all the same.
    ForgotEmail,
    /// One-time secrets tried (reset, verify, recovery), by address.
    OneTimeAddress,
    /// Booking recoveries asked for, by address.
    RecoverAddress,
    /// Recovery mails, by reference. Silent.
    RecoverBooking,
    /// Verification mails asked for again, by e-mail. Silent.
    VerifyEmail,
    /// Files of everything that is kept about a person, by account.
    Export,
    /// Sign-ins at the OpenID provider, begun or finished, by address.
    OpenIdAddress,
    /// Sign-ins with a passkey, begun or finished, by address.
    PasskeyAddress,
}

/// A limit as the documentation tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitRow {
    pub limit: Limit,
    pub endpoint: &'static str,
    pub count: u32,
    pub window_seconds: u32,
    pub key: &'static str,
}

const HOUR: u32 = 3600;

/// Every counted limit, in the order of [`Limit`].
pub const TABLE: &[LimitRow] = &[
    row(Limit::PaymentAddress, "POST /payment", 10, HOUR, "address"),
    row(
        Limit::PaymentPage,
        "GET /payments/{payment_id}/page",
        60,
        HOUR,
        "address",
    ),
    row(
        Limit::RefusedNews,
        "POST /webhooks/{gateway} with a message that is refused",
        120,
        60,
        "address",
    ),
    row(
        Limit::PromoGuess,
        "POST /book, PATCH /bookings/{booking_id} with a promo code that is refused",
        10,
        HOUR,
        "caller",
    ),
    row(
        Limit::GiftGuess,
        "POST /payment, POST /gift-cards/balance with a gift card that is refused",
        10,
        HOUR,
        "caller",
    ),
    row(
        Limit::RegisterAddress,
        "POST /auth/register",
        60,
        HOUR,
        "address",
    ),
    row(Limit::LoginAddress, "POST /auth/login", 300, 900, "address"),
    row(
        Limit::LoginAccount,
        "POST /auth/login with a wrong password",
        200,
        HOUR,
        "e-mail, from addresses it is not known at",
    ),
    row(
        Limit::RefreshAddress,
        "POST /auth/refresh",
        600,
        900,
        "address",
    ),
    row(
        Limit::ForgotAddress,
        "POST /auth/password/forgot",
        20,
        HOUR,
        "address",
    ),
    row(
        Limit::ForgotEmail,
        "POST /auth/password/forgot",
        5,
        HOUR,
        "e-mail (silent)",
    ),
    row(
        Limit::OneTimeAddress,
        "POST /auth/password/reset, /auth/verify, /bookings/recover/redeem, /auth/openid/handoff, /setup",
        30,
        HOUR,
        "address",
    ),
    row(
        Limit::RecoverAddress,
        "POST /bookings/recover",
        20,
        HOUR,
        "address",
    ),
    row(
        Limit::RecoverBooking,
        "POST /bookings/recover",
        5,
        HOUR,
        "reference (silent)",
    ),
    row(
        Limit::VerifyEmail,
        "POST /auth/verify/resend",
        5,
        HOUR,
        "e-mail (silent)",
    ),
    row(
        Limit::Export,
        "GET /users/{user_id}/export",
        10,
        HOUR,
        "account",
    ),
    row(
        Limit::OpenIdAddress,
        "POST /auth/openid/start, /auth/openid/finish",
        300,
        900,
        "address",
    ),
    row(
        Limit::PasskeyAddress,
        "POST /auth/passkey/start, /auth/passkey/finish",
        300,
        900,
        "address",
    ),
];

const fn row(
    limit: Limit,
    endpoint: &'static str,
    count: u32,
    window_seconds: u32,
    key: &'static str,
) -> LimitRow {
    LimitRow {
        limit,
        endpoint,
        count,
        window_seconds,
        key,
    }
}

impl Limit {
    pub(super) fn row(self) -> &'static LimitRow {
        // TABLE is in the order of the enum; a test holds it to that.
        &TABLE[self as usize]
    }
}
