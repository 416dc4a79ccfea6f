//! What stands before localstripe: faults of the way, and what Stripe has and localstripe lacks.

use super::{
    AUTHENTICATION_REQUIRED, Call, DECLINED, Fault, Kept, STALL, State, lock, page,
    wire::{self, Answer, Request},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::TcpStream, sync::Mutex};

/// One call on its way.
pub(super) fn answer(state: &Mutex<State>, mut caller: TcpStream) {
    let Some(request) = Request::read(&caller) else {
        return;
    };
    if page::is_for_payers(&request) {
        return page::shown(state, &request).write(&mut caller);
    }
    let fault = {
        let mut state = lock(state);
        let number = state.calls.len();
        state.calls.push(Call {
            method: request.method.clone(),
            path: request.path.clone(),
            form: request.form.clone(),
            key: request.header("idempotency-key"),
        });
        state.armed.remove(&number).or(state.always)
    };
    let failed = || Answer::error(500, "api_error", "");
    let answer = match fault {
        None => taken(state, &request),
        Some(Fault::Cut) => return,
        Some(Fault::Lost) => return drop(taken(state, &request)),
        Some(Fault::Stalled) => return std::thread::sleep(STALL),
        Some(Fault::StalledAfter) => {
            taken(state, &request);
            return std::thread::sleep(STALL);
        }
        Some(Fault::Failed) => keep(state, &request, failed()),
        Some(Fault::FailedAfter) => {
            reached(state, &request);
            keep(state, &request, failed())
        }
        Some(Fault::Limited) => {
            let mut answer = Answer::error(429, "rate_limit_error", "rate_limit");
            answer.headers.push(("Retry-After".into(), "0".into()));
            answer
        }
        Some(Fault::Twice) => {
            taken(state, &request);
            taken(state, &request)
        }
        Some(Fault::Status(status, code)) => Answer::error(status, "invalid_request_error", code),
        Some(Fault::Refused(status, code)) => kept(state, &request).unwrap_or_else(|| {
            let refused = Answer::error(status, "invalid_request_error", code);
            keep(state, &request, refused)
        }),
        Some(Fault::Garbage) => Answer::text(200, "<html>not what you think"),
    };
    answer.write(&mut caller);
}

/// What Stripe answers a key: what it answered before, if it remembers.
fn taken(state: &Mutex<State>, request: &Request) -> Answer {
    kept(state, request).unwrap_or_else(|| {
        let answer = reached(state, request);
        keep(state, request, answer)
    })
}

/// What was answered to this key before, if keys are remembered.
fn kept(state: &Mutex<State>, request: &Request) -> Option<Answer> {
    let state = lock(state);
    let key = request.header("idempotency-key");
    let kept = state.kept.get(&key.filter(|_| state.remembers)?)?;
    if kept.form != request.form {
        return Some(Answer::error(400, "idempotency_error", ""));
    }
    let mut answer = kept.answer.clone();
    answer
        .headers
        .push(("Idempotent-Replayed".into(), "true".into()));
    Some(answer)
}

fn keep(state: &Mutex<State>, request: &Request, answer: Answer) -> Answer {
    let mut state = lock(state);
    if let Some(key) = request
        .header("idempotency-key")
        .filter(|_| state.remembers)
    {
        let kept = Kept {
            form: request.form.clone(),
            answer: answer.clone(),
        };
        state.kept.entry(key).or_insert(kept);
    }
    answer
}

/// What Stripe does.
fn reached(state: &Mutex<State>, request: &Request) -> Answer {
    let mut answer = if let Some(refused) = refuse_strange(request) {
        refused
    } else if request.path.starts_with("/v1/checkout/sessions") {
        page::answer(state, request)
    } else if request.path == "/v1/account" {
        Answer::of(200, &recorded(include_str!("account.json")))
    } else {
        let target = lock(state).target;
        let form = for_localstripe(target, request);
        filtered(
            wire::ask(target, &request.method, &request.path, form),
            request,
        )
    };
    let lie = lock(state).lies.pop_front();
    if let Some(lie) = lie {
        let mut body = answer.json();
        for (name, value) in lie.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        answer = Answer::of(answer.status, &body);
    }
    answer
}

/// An object of the official document's fixtures.
pub(super) fn recorded(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The first part of a member's name.
fn head(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}

/// Stripe refuses members it does not know, and so do we for it: by the list recorded of its official document.
fn refuse_strange(request: &Request) -> Option<Answer> {
    let known: BTreeMap<String, String> =
        serde_json::from_str(include_str!("parameters.json")).unwrap_or_default();
    let verbs = ["confirm", "capture", "cancel", "expire"];
    let parts: Vec<&str> = request.path.split('/').collect();
    let wide = |part: &&str| match *part {
        part if part.contains('_') && part.len() > 16 => "*".to_owned(),
        part => part.to_owned(),
    };
    let shape: Vec<String> = parts.iter().map(wide).collect();
    debug_assert!(verbs.iter().all(|verb| verb.len() < 16));
    let name = format!("{} {}", request.method, shape.join("/"));
    let Some(known) = known.get(&name) else {
        return Some(Answer::error(404, "invalid_request_error", "no_such_call"));
    };
    let mut members = request.form.iter().map(|(name, _)| head(name));
    let strange = members.any(|name| !known.split(' ').any(|other| other == name));
    let version = request.header("stripe-version").is_some();
    (strange || !version).then(|| Answer::error(400, "invalid_request_error", "parameter_unknown"))
}

/// The members that localstripe knows, and test names of cards that it does not.
fn for_localstripe(target: u16, request: &Request) -> Vec<(String, String)> {
    let unknown = ["description", "return_url", "created"];
    let mut form: Vec<_> = request.form.clone();
    form.retain(|(name, _)| !unknown.contains(&head(name)));
    for (name, value) in &mut form {
        if name == "payment_method" {
            *value = card(target, value);
        }
    }
    form
}

/// A card of localstripe that does what the name says.
pub(super) fn card(target: u16, name: &str) -> String {
    let number = match name {
        DECLINED => "4000000000000341",
        AUTHENTICATION_REQUIRED => "4000002500003155",
        other => return other.to_owned(),
    };
    let members = [
        ("type", "card"),
        ("card[number]", number),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let made = wire::ask(target, "POST", "/v1/payment_methods", members.to_vec());
    made.json()["id"].as_str().unwrap_or_default().to_owned()
}

/// localstripe lists everything there is.
fn filtered(answer: Answer, request: &Request) -> Answer {
    let bound = |name: &str| {
        let found = request.form.iter().find(|(own, _)| own == name);
        found.and_then(|(_, value)| value.parse::<i64>().ok())
    };
    let (since, before) = (bound("created[gte]"), bound("created[lt]"));
    if since.is_none() && before.is_none() {
        return answer;
    }
    let mut body = answer.json();
    if let Some(data) = body["data"].as_array_mut() {
        data.retain(|object| {
            let created = object["created"].as_i64().unwrap_or_default();
            since.is_none_or(|since| created >= since) && before.is_none_or(|end| created < end)
        });
    }
    Answer::of(answer.status, &body)
}

/// An error's body.
pub(super) fn error_body(kind: &str, code: &str) -> Value {
    let mut error = json!({ "type": kind, "message": "As a test." });
    if !code.is_empty() {
        error["code"] = json!(code);
    }
    json!({ "error": error })
}
