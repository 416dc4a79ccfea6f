//! Pages to pay on, which localstripe lacks: the official document's Checkout Session, with the money in an intent of
//! localstripe's; and the page itself, as a payer's browser finds it.

use super::{
    DECLINED, State, VISA,
    front::{card, recorded},
    lock,
    wire::{self, Answer, Request},
};
use serde_json::{Value, json};
use std::sync::Mutex;

/// Where the pages are, for payers.
const SHOWN: &str = "/c/pay/";

pub(crate) struct Page {
    form: Vec<(String, String)>,
    status: &'static str,
    intent: Option<String>,
}

impl Page {
    fn member(&self, name: &str) -> &str {
        let found = self.form.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    /// Members below a name, without it.
    fn below(&self, place: &str) -> Value {
        let start = format!("{place}[");
        let inner = self.form.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(&start)?.strip_suffix(']')?;
            Some((name.to_owned(), json!(value)))
        });
        Value::Object(inner.collect())
    }

    fn amount(&self) -> i64 {
        let price = "line_items[0][price_data][unit_amount]";
        self.member(price).parse().unwrap_or_default()
    }

    fn currency(&self) -> &str {
        self.member("line_items[0][price_data][currency]")
    }

    fn object(&self, id: &str, target: u16, site: &str) -> Value {
        let mut page = recorded(include_str!("checkout_session.json"));
        let open = self.status == "open";
        let intent = self.intent.as_deref().map(|intent| {
            let path = format!("/v1/payment_intents/{intent}");
            let expand = [("expand[]".to_owned(), "payment_method".to_owned())];
            wire::ask(target, "GET", &path, expand.to_vec()).json()
        });
        for (name, value) in [
            ("id", json!(id)),
            ("status", json!(self.status)),
            ("url", json!(open.then(|| format!("{site}{SHOWN}{id}")))),
            ("amount_total", json!(self.amount())),
            ("currency", json!(self.currency())),
            ("metadata", self.below("metadata")),
            (
                "client_reference_id",
                json!(self.member("client_reference_id")),
            ),
            ("payment_intent", json!(intent)),
            ("livemode", json!(false)),
        ] {
            page[name] = value;
        }
        page
    }
}

/// Creates, reads or closes a page.
pub(super) fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let mut state = lock(state);
    let (target, site) = (state.target, state.site.clone());
    let mut rest = request
        .path
        .trim_start_matches("/v1/checkout/sessions")
        .split('/')
        .skip(1);
    let (id, verb) = (rest.next(), rest.next());
    let Some(id) = id else {
        let id = format!("cs_test_{:020}", state.pages.len() + 1);
        let page = Page {
            form: request.form.clone(),
            status: "open",
            intent: None,
        };
        let object = page.object(&id, target, &site);
        state.pages.insert(id, page);
        return Answer::of(200, &object);
    };
    let Some(page) = state.pages.get_mut(id) else {
        return Answer::error(404, "invalid_request_error", "resource_missing");
    };
    if verb == Some("expire") {
        if page.status != "open" {
            return Answer::error(400, "invalid_request_error", "");
        }
        page.status = "expired";
    }
    Answer::of(200, &page.object(id, target, &site))
}

/// The page of this id; null when there is none.
pub(super) fn object(state: &Mutex<State>, id: &str) -> Value {
    let state = lock(state);
    let page = state.pages.get(id);
    page.map_or(Value::Null, |page| {
        page.object(id, state.target, &state.site)
    })
}

/// The payer's side.
pub(super) fn pay(state: &Mutex<State>, id: &str, method: &str) -> Value {
    let mut state = lock(state);
    let (target, site) = (state.target, state.site.clone());
    let Some(page) = state.pages.get_mut(id).filter(|page| page.status == "open") else {
        return Value::Null;
    };
    let manual = page.member("payment_method_options[card][capture_method]") == "manual";
    let mut form = vec![
        ("amount".to_owned(), page.amount().to_string()),
        ("currency".to_owned(), page.currency().to_owned()),
        ("payment_method".to_owned(), card(target, method)),
        (
            "capture_method".to_owned(),
            if manual { "manual" } else { "automatic" }.to_owned(),
        ),
        ("confirm".to_owned(), "true".to_owned()),
    ];
    let metadata = page.below("payment_intent_data[metadata]");
    for (name, value) in metadata.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().to_owned();
        form.push((format!("metadata[{name}]"), value));
    }
    let made = wire::ask(target, "POST", "/v1/payment_intents", form);
    if made.status == 200 {
        page.status = "complete";
        page.intent = made.json()["id"].as_str().map(ToOwned::to_owned);
    }
    page.object(id, target, &site)
}

/// Whether a payer's browser asks, and not a server.
pub(super) fn is_for_payers(request: &Request) -> bool {
    request.path.starts_with(SHOWN)
}

/// The page in a payer's browser: a card that is good, one that is not, and the way back.
pub(super) fn shown(state: &Mutex<State>, request: &Request) -> Answer {
    let id = request.path.trim_start_matches(SHOWN);
    let method = request.form.iter().find(|(name, _)| name == "card");
    if let (Some((_, method)), "POST") = (method, request.method.as_str()) {
        pay(state, id, method);
    }
    let state = lock(state);
    let Some(page) = state.pages.get(id) else {
        return Answer::error(404, "invalid_request_error", "resource_missing");
    };
    match page.status {
        "complete" => Answer::elsewhere(page.member("success_url")),
        "open" => Answer::html(&page.html(method.is_some())),
        _ => Answer::html("<p>This page has expired."),
    }
}

impl Page {
    fn html(&self, refused: bool) -> String {
        let what = self.member("line_items[0][price_data][product_data][name]");
        let (amount, currency) = (self.amount(), self.currency().to_uppercase());
        let (back, note) = (self.member("cancel_url"), "Your card was declined.");
        let note = if refused { note } else { "" };
        let button = |card, words| format!("<button name=card value={card}>{words}</button>");
        let buttons = button(VISA, "Pay") + &button(DECLINED, "Pay with a bad card");
        format!(
            "<!doctype html><meta charset=utf-8><title>Checkout</title><h1>{what}</h1><p>{amount} {currency}</p>\
             <p role=alert>{note}</p><form method=post>{buttons}</form><a href=\"{back}\">Back</a>"
        )
    }
}
