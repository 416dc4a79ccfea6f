//! Calls about accounts: profiles, devices, and every way to sign in.

use super::{
    Answer, CURSOR, Callers, IF_MATCH_OPTIONAL, JSON, LIMIT, NOT_MODIFIED, Operation, call,
    schema_of,
};
use crate::{
    AccountExport, Booking, DeviceSession, ForgotRequest, HandoffRequest, LoginRequest,
    OpenIdFinish, OpenIdFinished, OpenIdStart, OpenIdStarted, Page, Passkey, PasskeyAsked,
    PasskeyBegin, PasskeyMade, PasskeyUsed, ProblemCode as P, Profile, RecoveryCodes,
    RefreshRequest, RegisterRequest, ResetRequest, SecondFactorBegin, SecondFactorBegun,
    SecondFactorCode, SecondFactorRemove, Session, SessionInfo, SetupRequest, SetupState,
    SignInMethods, SubscriptionRequest, Subscriptions, VerifyRequest,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        callers: Callers::User,
        parameters: &[LIMIT, CURSOR],
        answers: &[ok!(200, "Newest first.", Page<Booking>), NOT_MODIFIED],
        problems: &[P::Invalid],
        ..call(
            "listBookings",
            "get",
            "/users/{user_id}/bookings",
            "A user's bookings; `me` is the caller",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(200, "The profile.", Profile), NOT_MODIFIED],
        ..call(
            "getProfile",
            "get",
            "/users/{user_id}/profile",
            "A user's profile",
        )
    },
    Operation {
        callers: Callers::User,
        parameters: &[IF_MATCH_OPTIONAL],
        body: Some(schema_of::<Profile>),
        answers: &[ok!(200, "The profile as it is now.", Profile)],
        problems: &[P::Invalid, P::VersionMismatch],
        ..call(
            "putProfile",
            "put",
            "/users/{user_id}/profile",
            "Replace a profile",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "Deleted; bookings stay, without the person.")],
        ..call(
            "deleteUser",
            "delete",
            "/users/{user_id}",
            "Delete an account",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[
            ok!(200, "The browsers and devices.", Subscriptions),
            NOT_MODIFIED,
        ],
        ..call(
            "getSubscriptions",
            "get",
            "/users/{user_id}/subscriptions",
            "Browsers and devices that get a user's messages, and what a browser needs to become one",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SubscriptionRequest>),
        answers: &[ok!(
            200,
            "The browsers and devices now; the same one again is there once.",
            Subscriptions
        )],
        problems: &[P::Invalid],
        ..call(
            "putSubscription",
            "put",
            "/users/{user_id}/subscriptions",
            "Get messages on a browser or device",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "It gets no more messages.")],
        ..call(
            "deleteSubscription",
            "delete",
            "/subscriptions/{subscription_id}",
            "Get no more messages on a browser or device",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[Answer {
            status: 200,
            about: "Events `message`: `id`, `kind`, `language`, `title`, `body` and the `path` to open. First those that wait, oldest first; told until the app says that it showed them, or a day passed.",
            media: "text/event-stream",
            schema: Some(schema_of::<String>),
        }],
        ..call(
            "followMessages",
            "get",
            "/subscriptions/{subscription_id}/live",
            "The messages of the app on a computer as they come (server-sent events)",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "It is not told again.")],
        ..call(
            "messageShown",
            "post",
            "/subscriptions/{subscription_id}/messages/{message_id}/shown",
            "The app showed a message; saying so again changes nothing",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(
            200,
            "Everything that is kept about the person.",
            AccountExport
        )],
        ..call(
            "exportUser",
            "get",
            "/users/{user_id}/export",
            "Everything that is kept about a person",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[
            ok!(200, "The one seen last first.", Page<DeviceSession>),
            NOT_MODIFIED,
        ],
        ..call(
            "listSessions",
            "get",
            "/users/{user_id}/sessions",
            "The devices that are signed in",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "Every other device is signed out.")],
        ..call(
            "endOtherSessions",
            "delete",
            "/users/{user_id}/sessions",
            "Sign every other device out",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "The device is signed out.")],
        ..call(
            "endSession",
            "delete",
            "/users/{user_id}/sessions/{session_id}",
            "Sign a device out",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[
            ok!(200, "Whether somebody has to set it up.", SetupState),
            NOT_MODIFIED,
        ],
        ..call(
            "getSetup",
            "get",
            "/setup",
            "Whether the server has an administrator",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<SetupRequest>),
        answers: &[ok!(
            201,
            "The administrator, signed in; a code generator is still to be set up.",
            Session
        )],
        problems: &[P::SetUpAlready, P::EmailTaken, P::Invalid],
        ..call(
            "setUp",
            "post",
            "/setup",
            "Make the server's first administrator",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<RegisterRequest>),
        answers: &[ok!(201, "Signed in.", Session)],
        problems: &[P::EmailTaken, P::Invalid],
        ..call("register", "post", "/auth/register", "Make an account")
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<LoginRequest>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[
            P::BadCredentials,
            P::SecondFactorRequired,
            P::SecondFactorWrong,
            P::TooManyAttempts,
        ],
        ..call("login", "post", "/auth/login", "Sign in")
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorBegin>),
        answers: &[ok!(200, "What a generator has to know.", SecondFactorBegun)],
        problems: &[P::Forbidden, P::Invalid],
        ..call(
            "beginSecondFactor",
            "post",
            "/auth/second-factor/begin",
            "Set a code generator up",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorCode>),
        answers: &[ok!(
            200,
            "It counts from now on; the recovery codes, this once.",
            RecoveryCodes
        )],
        problems: &[P::Forbidden, P::Invalid, P::TooManyAttempts],
        ..call(
            "confirmSecondFactor",
            "post",
            "/auth/second-factor/confirm",
            "Show a code generator's first code",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<SecondFactorRemove>),
        answers: &[ok!(204, "It is gone and every session ended.")],
        problems: &[P::Invalid, P::TooManyAttempts],
        ..call(
            "removeSecondFactor",
            "post",
            "/auth/second-factor/remove",
            "Take a code generator away",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(200, "Oldest first.", Page<Passkey>), NOT_MODIFIED],
        ..call(
            "listPasskeys",
            "get",
            "/users/{user_id}/passkeys",
            "A person's passkeys",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(204, "It opens nothing any more.")],
        problems: &[P::Forbidden],
        ..call(
            "removePasskey",
            "delete",
            "/users/{user_id}/passkeys/{passkey_id}",
            "Take a passkey away",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<PasskeyBegin>),
        body_required: false,
        answers: &[ok!(200, "What the browser needs.", PasskeyAsked)],
        problems: &[P::NotFound, P::Forbidden, P::EmailUnverified, P::Invalid],
        ..call(
            "beginPasskey",
            "post",
            "/auth/passkeys/begin",
            "Begin to make a passkey",
        )
    },
    Operation {
        callers: Callers::User,
        body: Some(schema_of::<PasskeyMade>),
        answers: &[ok!(201, "It opens the account from now on.", Passkey)],
        problems: &[P::NotFound, P::Forbidden, P::SessionEnded, P::Invalid],
        ..call(
            "finishPasskey",
            "post",
            "/auth/passkeys/finish",
            "Bring the passkey that was made",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[ok!(200, "What the browser needs.", PasskeyAsked)],
        problems: &[P::NotFound],
        ..call(
            "startPasskeySignIn",
            "post",
            "/auth/passkey/start",
            "Begin to sign in with a passkey",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<PasskeyUsed>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[P::NotFound, P::SessionEnded, P::BadCredentials, P::Invalid],
        ..call(
            "finishPasskeySignIn",
            "post",
            "/auth/passkey/finish",
            "Sign in with a passkey",
        )
    },
    Operation {
        callers: Callers::Anyone,
        answers: &[
            ok!(200, "What this server offers.", SignInMethods),
            NOT_MODIFIED,
        ],
        ..call(
            "signInMethods",
            "get",
            "/auth/methods",
            "The ways to sign in beside a password",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<OpenIdStart>),
        body_required: false,
        answers: &[ok!(200, "Where to sign in.", OpenIdStarted)],
        problems: &[P::NotFound, P::Invalid, P::ProviderUnavailable],
        ..call(
            "startOpenId",
            "post",
            "/auth/openid/start",
            "Begin to sign in at the OpenID provider",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<OpenIdFinish>),
        answers: &[ok!(
            200,
            "Signed in, or where to hand it over.",
            OpenIdFinished
        )],
        problems: &[
            P::NotFound,
            P::SessionEnded,
            P::EmailUnverified,
            P::EmailTaken,
            P::ProviderUnavailable,
        ],
        ..call(
            "finishOpenId",
            "post",
            "/auth/openid/finish",
            "Come back from the OpenID provider",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<HandoffRequest>),
        answers: &[ok!(200, "Signed in.", Session)],
        problems: &[P::SessionEnded],
        ..call(
            "redeemHandoff",
            "post",
            "/auth/openid/handoff",
            "Take a sign-in over from a browser",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<RefreshRequest>),
        body_required: false,
        answers: &[ok!(200, "New tokens.", Session)],
        problems: &[P::Unauthenticated, P::SessionEnded],
        ..call("refresh", "post", "/auth/refresh", "New tokens for old")
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<RefreshRequest>),
        body_required: false,
        answers: &[ok!(204, "Signed out.")],
        ..call("logout", "post", "/auth/logout", "Sign out")
    },
    Operation {
        callers: Callers::AnyoneOrUser,
        answers: &[ok!(200, "Who is signed in.", SessionInfo), NOT_MODIFIED],
        ..call("getSession", "get", "/auth/session", "Who is signed in")
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<VerifyRequest>),
        answers: &[ok!(204, "The address is the user's.")],
        problems: &[P::SessionEnded, P::VerifiedAlready, P::LinkExpired],
        ..call(
            "verifyEmail",
            "post",
            "/auth/verify",
            "Use a mailed verification link",
        )
    },
    Operation {
        callers: Callers::User,
        answers: &[ok!(
            202,
            "If the address is not verified yet, a link is on its way."
        )],
        ..call(
            "resendVerification",
            "post",
            "/auth/verify/resend",
            "Ask for the verification mail again",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<ForgotRequest>),
        answers: &[ok!(202, "If there is an account, a link is on its way.")],
        ..call(
            "forgotPassword",
            "post",
            "/auth/password/forgot",
            "Ask for a new password",
        )
    },
    Operation {
        callers: Callers::Anyone,
        body: Some(schema_of::<ResetRequest>),
        answers: &[ok!(204, "The password is changed and every session ended.")],
        problems: &[P::SessionEnded, P::Invalid],
        ..call(
            "resetPassword",
            "post",
            "/auth/password/reset",
            "Set a new password",
        )
    },
];
