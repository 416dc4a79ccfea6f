//! Holding, paying, cancelling, and the tickets. `key` is the intention's idempotency key.

use super::{Answer, id};
use crate::shell::Shell;
use matinee_client::{
    Fresh,
    api::{
        BookRequest, Booking, CancelAnswer, ChangeRequest, GiftBalance, Page, PaymentRequest,
        SeatId, SimulateOutcome, Tickets,
    },
};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn book(shell: State<'_, Shell>, request: BookRequest, key: String) -> Answer<Booking> {
    shell.client().await?.book(request, &key).await
}

#[tauri::command]
#[specta::specta]
pub async fn booking(shell: State<'_, Shell>, booking_id: String) -> Answer<Fresh<Booking>> {
    shell.client().await?.booking(id(&booking_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn change_booking(
    shell: State<'_, Shell>,
    booking_id: String,
    change: ChangeRequest,
    version: u32,
) -> Answer<Booking> {
    let client = shell.client().await?;
    client
        .change_booking(id(&booking_id)?, change, version.into())
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn extend_hold(
    shell: State<'_, Shell>,
    booking_id: String,
    key: String,
) -> Answer<Booking> {
    shell
        .client()
        .await?
        .extend_hold(id(&booking_id)?, &key)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn release_hold(shell: State<'_, Shell>, booking_id: String) -> Answer<()> {
    shell.client().await?.release_hold(id(&booking_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn pay(shell: State<'_, Shell>, request: PaymentRequest, key: String) -> Answer<Booking> {
    shell.client().await?.pay(request, &key).await
}

#[tauri::command]
#[specta::specta]
pub async fn gift_balance(
    shell: State<'_, Shell>,
    theater_id: String,
    code: String,
) -> Answer<GiftBalance> {
    let client = shell.client().await?;
    client.gift_balance(id(&theater_id)?, code).await
}

#[tauri::command]
#[specta::specta]
pub async fn simulate_payment(
    shell: State<'_, Shell>,
    payment_id: String,
    booking_id: String,
    outcome: SimulateOutcome,
    key: String,
) -> Answer<()> {
    let client = shell.client().await?;
    client
        .simulate_payment(id(&payment_id)?, id(&booking_id)?, outcome, &key)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn tickets(shell: State<'_, Shell>, booking_id: String) -> Answer<Fresh<Tickets>> {
    shell.client().await?.tickets(id(&booking_id)?).await
}

#[tauri::command]
#[specta::specta]
pub async fn cancel(
    shell: State<'_, Shell>,
    booking_id: String,
    seat_ids: Option<Vec<SeatId>>,
    key: String,
) -> Answer<CancelAnswer> {
    shell
        .client()
        .await?
        .cancel(id(&booking_id)?, seat_ids, &key)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn bookings(
    shell: State<'_, Shell>,
    cursor: Option<String>,
) -> Answer<Fresh<Page<Booking>>> {
    shell.client().await?.bookings(cursor).await
}

#[tauri::command]
#[specta::specta]
pub async fn recover_booking(
    shell: State<'_, Shell>,
    reference: String,
    email: String,
    key: String,
) -> Answer<()> {
    shell
        .client()
        .await?
        .recover_booking(reference, email, &key)
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn redeem_recovery(shell: State<'_, Shell>, token: String) -> Answer<Booking> {
    shell.client().await?.redeem_recovery(token).await
}
