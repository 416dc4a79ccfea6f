//! Signing in and out, and the profile. Passwords come in; no token ever goes out.

use super::Answer;
use crate::shell::Shell;
use matinee_client::{Credentials, Fresh, NewAccount, Session, api::Profile};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn session(shell: State<'_, Shell>) -> Answer<Session> {
    shell.client().await?.session().await
}

#[tauri::command]
#[specta::specta]
pub async fn register(shell: State<'_, Shell>, account: NewAccount) -> Answer<Session> {
    shell.client().await?.register(account).await
}

#[tauri::command]
#[specta::specta]
pub async fn login(shell: State<'_, Shell>, credentials: Credentials) -> Answer<Session> {
    shell.client().await?.login(credentials).await
}

#[tauri::command]
#[specta::specta]
pub async fn logout(shell: State<'_, Shell>) -> Answer<()> {
    shell.client().await?.logout().await
}

#[tauri::command]
#[specta::specta]
pub async fn forgot_password(shell: State<'_, Shell>, email: String) -> Answer<()> {
    shell.client().await?.forgot_password(email).await
}

#[tauri::command]
#[specta::specta]
pub async fn reset_password(
    shell: State<'_, Shell>,
    token: String,
    password: String,
) -> Answer<()> {
    shell.client().await?.reset_password(token, password).await
}

#[tauri::command]
#[specta::specta]
pub async fn verify_email(shell: State<'_, Shell>, token: String) -> Answer<()> {
    shell.client().await?.verify_email(token).await
}

#[tauri::command]
#[specta::specta]
pub async fn profile(shell: State<'_, Shell>) -> Answer<Fresh<Profile>> {
    shell.client().await?.profile().await
}

#[tauri::command]
#[specta::specta]
pub async fn save_profile(
    shell: State<'_, Shell>,
    profile: Profile,
    version: Option<u32>,
) -> Answer<Profile> {
    shell
        .client()
        .await?
        .save_profile(profile, version.map(u64::from))
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn delete_account(shell: State<'_, Shell>) -> Answer<()> {
    shell.client().await?.delete_account().await
}
