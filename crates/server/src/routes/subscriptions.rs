//! `/users/{user_id}/subscriptions` and `/subscriptions/{subscription_id}`: the browsers and devices that get a user's
//! messages.

use super::access;
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, Json, UserRef, answer},
    messages::people::{Device, id_from},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use matinee_api::{PushChannel, Subscription, SubscriptionRequest, Subscriptions};
use matinee_domain::{
    ids::{SubscriptionId, UserId},
    limits,
};
use matinee_integrations::channels::{Medium, web_push};
use matinee_store::subscribers::SubscriptionRow;

/// Longest token of a device; theirs are shorter than a tenth of this.
const TOKEN_MAX: usize = 4_096;
/// How long the name is that the app on a computer makes for itself.
const COMPUTER_TOKEN: std::ops::RangeInclusive<usize> = 16..=128;

/// `GET /users/{user_id}/subscriptions`
pub async fn subscriptions(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user_id = access::user(&caller, user)?;
    Ok(answer::read(&headers, &listed(&app, user_id).await?))
}

/// `PUT /users/{user_id}/subscriptions`: the same browser or device again is the same subscription.
pub async fn subscribe(
    State(app): State<AppState>,
    caller: Caller,
    Id(user): Id<UserRef>,
    body: Json<SubscriptionRequest>,
) -> Result<Response, ApiError> {
    let user_id = access::user(&caller, user)?;
    let request = body.value;
    let medium = medium_of(request.channel);
    if !app.channels.has(medium) {
        return Err(ApiError::invalid(
            "/channel",
            "This server has no provider for these messages.",
        ));
    }
    let (name, address) = match request.channel {
        PushChannel::WebPush => browser(&app, request)?,
        PushChannel::Fcm | PushChannel::Apns => device(request)?,
        PushChannel::App => computer(request)?,
    };
    let subscription_id = SubscriptionId::from_bytes(id_from(&[
        b"subscription",
        medium.name().as_bytes(),
        name.as_bytes(),
    ]));
    let row = SubscriptionRow {
        subscription_id,
        user_id,
        channel: medium.name().into(),
        address,
        created_at: app.clock.now(),
    };
    let saved = app
        .store
        .save_subscription(row, limits::SUBSCRIPTIONS)
        .await?;
    if !saved {
        return Err(ApiError::not_found("user"));
    }
    // Whoever had it before hears nothing any more.
    app.computers.news(subscription_id);
    let listed = Subscriptions {
        subscribed: Some(subscription_id),
        ..listed(&app, user_id).await?
    };
    Ok(answer::json(200, &listed))
}

/// `DELETE /subscriptions/{subscription_id}`
pub async fn unsubscribe(
    State(app): State<AppState>,
    caller: Caller,
    Id(subscription_id): Id<SubscriptionId>,
) -> Result<Response, ApiError> {
    let user_id = caller.require_user()?;
    if !app.store.end_subscription(user_id, subscription_id).await? {
        return Err(ApiError::not_found("subscription"));
    }
    app.computers.end(subscription_id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A browser's address and how it is kept.
fn browser(app: &App, request: SubscriptionRequest) -> Result<(String, String), ApiError> {
    let missing = |pointer| ApiError::invalid(pointer, "A browser's subscription has this.");
    let endpoint = request.endpoint.ok_or_else(|| missing("/endpoint"))?;
    let keys = request.keys.ok_or_else(|| missing("/keys"))?;
    let subscription = web_push::Subscription {
        endpoint,
        p256dh: keys.p256dh,
        auth: keys.auth,
    };
    subscription.check(app.channels.reach).map_err(|error| {
        let pointer = match error {
            web_push::WrongSubscription::Endpoint => "/endpoint",
            web_push::WrongSubscription::Key => "/keys/p256dh",
            web_push::WrongSubscription::Secret => "/keys/auth",
        };
        ApiError::invalid(pointer, format!("Not a push subscription: {error}."))
    })?;
    let address = serde_json::to_string(&subscription).unwrap_or_default();
    Ok((subscription.endpoint, address))
}

/// A device's token and how it is kept.
fn device(request: SubscriptionRequest) -> Result<(String, String), ApiError> {
    let token = request.token.unwrap_or_default();
    let fits = !token.is_empty()
        && token.len() <= TOKEN_MAX
        && token.bytes().all(|b| b.is_ascii_graphic());
    if !fits {
        return Err(ApiError::invalid(
            "/token",
            "A device's token is expected here.",
        ));
    }
    Ok(kept(token))
}

/// What the app on a computer calls itself, and how it is kept.
fn computer(request: SubscriptionRequest) -> Result<(String, String), ApiError> {
    let token = request.token.unwrap_or_default();
    let url_safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !COMPUTER_TOKEN.contains(&token.len()) || !token.bytes().all(url_safe) {
        return Err(ApiError::invalid(
            "/token",
            "An app names itself by 16 to 128 random letters, digits, - and _.",
        ));
    }
    Ok(kept(token))
}

fn kept(token: String) -> (String, String) {
    let address = serde_json::to_string(&Device {
        token: token.clone(),
    })
    .unwrap_or_default();
    (token, address)
}

const CHANNELS: [PushChannel; 4] = [
    PushChannel::WebPush,
    PushChannel::Fcm,
    PushChannel::Apns,
    PushChannel::App,
];

const fn medium_of(channel: PushChannel) -> Medium {
    match channel {
        PushChannel::WebPush => Medium::WebPush,
        PushChannel::Fcm => Medium::Fcm,
        PushChannel::Apns => Medium::Apns,
        PushChannel::App => Medium::App,
    }
}

/// A user's browsers and devices.
pub(super) async fn of_user(app: &App, user_id: UserId) -> Result<Vec<Subscription>, ApiError> {
    let rows = app.store.subscriptions(user_id).await?;
    let items = rows.into_iter().filter_map(|row| {
        let channel = CHANNELS
            .into_iter()
            .find(|channel| medium_of(*channel).name() == row.channel);
        Some(Subscription {
            subscription_id: row.subscription_id,
            channel: channel?,
            created_at: row.created_at,
        })
    });
    Ok(items.collect())
}

async fn listed(app: &App, user_id: UserId) -> Result<Subscriptions, ApiError> {
    Ok(Subscriptions {
        push_key: app.channels.push_key().to_owned(),
        channels: CHANNELS
            .into_iter()
            .filter(|channel| app.channels.has(medium_of(*channel)))
            .collect(),
        items: of_user(app, user_id).await?,
        subscribed: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Heard, House};
    use axum::http::Method;
    use serde_json::{Value, json};

    async fn put(house: &House, bearer: &str, body: Value) -> Heard {
        let with = [("authorization", bearer)];
        let path = "/api/v1/users/me/subscriptions";
        house.call(Method::PUT, path, &with, body).await
    }

    async fn signed_in(house: &House, email: &str) -> String {
        let body = json!({ "email": email, "password": "correct horse", "name": "Ada" });
        let session = house.post("/auth/register", &[], body).await;
        format!("Bearer {}", session.text("access_token"))
    }

    fn of_a_browser() -> Value {
        json!({
            "endpoint": "https://updates.push.example/x", "expirationTime": null,
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        })
    }

    fn with(bearer: &str) -> [(&str, &str); 1] {
        [("authorization", bearer)]
    }

    #[tokio::test]
    async fn a_browser_subscribes_once_and_leaves() {
        let house = House::new().await;
        let (ada, eve) = (
            signed_in(&house, "ada@example.org").await,
            signed_in(&house, "eve@example.org").await,
        );
        for _ in 0..2 {
            let kept = put(&house, &ada, of_a_browser()).await;
            assert_eq!(kept.status, StatusCode::OK, "{kept:?}");
            assert_eq!(kept.body["items"].as_array().unwrap().len(), 1);
            let only = &kept.body["items"][0]["subscription_id"];
            assert_eq!(&kept.body["subscribed"], only);
            assert_eq!(kept.body["channels"], json!(["web_push", "app"]));
            assert_eq!(kept.text("push_key").len(), 87);
            assert!(
                !kept.body.to_string().contains("push.example"),
                "the address is a secret"
            );
        }
        let read = house.get("/users/me/subscriptions", &with(&ada)).await;
        assert!(read.body.get("subscribed").is_none(), "{read:?}");
        let id = read.body["items"][0]["subscription_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/api/v1/subscriptions/{id}");
        let end = |bearer| house.call(Method::DELETE, &path, bearer, Value::Null);
        let eves = with(&eve);
        assert_eq!(end(&eves).await.status, StatusCode::NOT_FOUND);
        assert_eq!(end(&[]).await.status, StatusCode::UNAUTHORIZED);
        let adas = with(&ada);
        assert_eq!(end(&adas).await.status, StatusCode::NO_CONTENT);
        assert_eq!(end(&adas).await.status, StatusCode::NOT_FOUND);
        house.close().await;
    }

    #[tokio::test]
    async fn what_cannot_be_pushed_to_is_refused() {
        let house = House::new().await;
        let ada = signed_in(&house, "ada@example.org").await;
        for (pointer, change) in [
            (
                "/endpoint",
                (|body| body["endpoint"] = "https://10.0.0.1/x".into()) as fn(&mut Value),
            ),
            ("/endpoint", |body| {
                body["endpoint"] = "http://push.example/x".into();
            }),
            ("/endpoint", |body| body["endpoint"] = Value::Null),
            ("/keys", |body| body["keys"] = Value::Null),
            ("/keys/p256dh", |body| {
                body["keys"]["p256dh"] = "AAAA".into();
            }),
            ("/keys/auth", |body| body["keys"]["auth"] = "AAAA".into()),
            ("/channel", |body| body["channel"] = "fcm".into()),
        ] {
            let mut body = of_a_browser();
            change(&mut body);
            let refused = put(&house, &ada, body).await;
            assert_eq!(
                refused.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{refused:?}"
            );
            assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{refused:?}");
        }
        house.close().await;
    }
}
