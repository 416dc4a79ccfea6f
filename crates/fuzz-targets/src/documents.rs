//! Files that operators import and bodies that callers send.

use matinee_api::{auth, booking};
use matinee_import::{PlanOptions, parse_catalog, parse_seating_plan};
use matinee_server::http::body::parse;
use serde::de::DeserializeOwned;

pub fn seating_plans(data: &[u8]) {
    match parse_seating_plan(data, &PlanOptions::default()) {
        Ok(map) => {
            let covered: usize = map.rows.iter().map(|row| usize::from(row.len)).sum();
            assert_eq!(covered, map.seats.len(), "every seat is in one row");
        }
        Err(errors) => assert!(!errors.is_empty(), "refused without a reason"),
    }
}

pub fn catalogs(data: &[u8]) {
    if let Err(errors) = parse_catalog(data) {
        assert!(!errors.is_empty(), "refused without a reason");
    }
}

fn body<T: DeserializeOwned>(data: &[u8]) {
    drop(parse::<T>(data));
}

pub fn bodies(data: &[u8]) {
    body::<booking::BookRequest>(data);
    body::<booking::ChangeRequest>(data);
    body::<booking::PaymentRequest>(data);
    body::<booking::SimulateRequest>(data);
    body::<booking::CancelRequest>(data);
    body::<booking::RecoverRequest>(data);
    body::<auth::RegisterRequest>(data);
    body::<auth::LoginRequest>(data);
    body::<auth::RefreshRequest>(data);
    body::<auth::ResetRequest>(data);
    body::<matinee_api::Profile>(data);
}
