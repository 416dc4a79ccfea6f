//! `/manage/theaters/{theater_id}/gateways` and `/network`: what the person who sets a theater up has to know of its server.
//!
//! Both are chosen where the server is started and only shown here. Secrets of a gateway come from the environment or a file
//! and are in no answer; a page that took one would be a second place to steal it from.

use super::gate;
use crate::{
    app::{App, AppState},
    auth::Caller,
    http::{ApiError, Id, answer},
    lan::CA_PATH,
    tickets::qr_svg,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use matinee_api::{
    BASE_PATH, GatewayHere, GatewayName, GatewayState, GatewayTrouble, GatewayWebhook,
    NetworkAddress, NetworkAuthority, NetworkHere, Page, Reach,
};
use matinee_booking::{PaymentGateway, Trouble};
use matinee_domain::{ids::TheaterId, staff::Action};

/// `GET /manage/theaters/{theater_id}/gateways`
pub async fn gateways(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::ChangeTheater).await?;
    let page = Page {
        items: vec![
            web_gateway(&app, GatewayName::Stripe),
            web_gateway(&app, GatewayName::Sandbox),
            counter(&app),
        ],
        next_cursor: None,
    };
    Ok(answer::read(&headers, &page))
}

/// A gateway that people pay at by themselves: this server's, or one it was not started with.
fn web_gateway(app: &App, name: GatewayName) -> GatewayHere {
    let wanted = match name {
        GatewayName::Stripe => "stripe",
        GatewayName::Sandbox => "sandbox",
        GatewayName::Counter => "counter",
    };
    let gateway = app.desk.gateway.as_deref();
    let Some(gateway) = gateway.filter(|gateway| gateway.name() == wanted) else {
        return GatewayHere {
            name,
            state: GatewayState::Off,
            test: name == GatewayName::Sandbox,
            trouble: None,
            account: None,
            webhook: None,
        };
    };
    let trouble = gateway.health().and_then(|health| health.now());
    GatewayHere {
        name,
        state: state_of(trouble),
        test: gateway.is_test(),
        trouble: trouble.map(named),
        account: gateway.account(),
        webhook: (name == GatewayName::Stripe).then(|| webhook(app, gateway)),
    }
}

fn webhook(app: &App, gateway: &dyn PaymentGateway) -> GatewayWebhook {
    let (heard_at, refused) = app.known_news.heard();
    GatewayWebhook {
        url: format!("{}{BASE_PATH}/webhooks/{}", app.base_url, gateway.name()),
        heard_at,
        refused: u32::try_from(refused).unwrap_or(u32::MAX),
    }
}

fn counter(app: &App) -> GatewayHere {
    let counter = app.desk.counter.as_deref();
    GatewayHere {
        name: GatewayName::Counter,
        state: if counter.is_some() {
            GatewayState::Ready
        } else {
            GatewayState::Off
        },
        test: counter.is_some_and(PaymentGateway::is_test),
        trouble: None,
        account: None,
        webhook: None,
    }
}

fn state_of(trouble: Option<Trouble>) -> GatewayState {
    match trouble {
        None => GatewayState::Ready,
        Some(_) => GatewayState::Trouble,
    }
}

fn named(trouble: Trouble) -> GatewayTrouble {
    match trouble {
        Trouble::Key => GatewayTrouble::KeyRefused,
        Trouble::Rights => GatewayTrouble::RightsMissing,
        Trouble::Limited => GatewayTrouble::Limited,
        Trouble::Outage => GatewayTrouble::Outage,
        Trouble::Silence => GatewayTrouble::Silence,
        Trouble::Nonsense => GatewayTrouble::Nonsense,
        Trouble::BadRequest => GatewayTrouble::BadRequest,
    }
}

/// `GET /manage/theaters/{theater_id}/network`
pub async fn network(
    State(app): State<AppState>,
    caller: Caller,
    Id(theater_id): Id<TheaterId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    gate::staff(&app, &caller, theater_id, Action::ChangeTheater).await?;
    Ok(answer::read(&headers, &network_here(&app)?))
}

/// Where this server can be reached.
pub(crate) fn network_here(app: &App) -> Result<NetworkHere, ApiError> {
    let public = app.config.public_url.as_ref().map(|_| app.base_url.clone());
    let on_lan = app.lan.as_ref().map(|lan| lan.urls()).unwrap_or_default();
    let listens = app.config.listen.ip();
    let reach = if public.is_some() || !listens.is_loopback() {
        Reach::Public
    } else if app.lan.is_some() {
        Reach::LocalNetwork
    } else {
        Reach::ThisMachine
    };
    let mut urls: Vec<_> = public.into_iter().chain(on_lan).collect();
    if urls.is_empty() {
        urls.push(app.base_url.clone());
    }
    let addresses = urls.into_iter().map(address).collect::<Result<_, _>>()?;
    let authority = app.lan.as_ref().and_then(|lan| {
        let (_, fingerprint, ends) = lan.authority()?;
        Some(NetworkAuthority {
            certificate_url: format!("{}{CA_PATH}", lan.url()),
            fingerprint,
            ends,
        })
    });
    Ok(NetworkHere {
        reach,
        addresses,
        authority,
    })
}

fn address(url: String) -> Result<NetworkAddress, ApiError> {
    Ok(NetworkAddress {
        qr_svg: qr_svg(&url)?,
        url,
    })
}
