//! Signing in and out, and the profile. Passwords come in; no token ever goes out.

use super::Answer;
use crate::shell::Shell;
use matinee_client::{
    ClientError, Credentials, Fresh, NewAccount, Session,
    api::{DeviceSession, Profile, SecondFactorBegun, SecondFactorState, SignInMethods},
};
use std::fs;
use tauri::{AppHandle, Manager as _, State};
use tauri_plugin_opener::OpenerExt as _;

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

#[tauri::command]
#[specta::specta]
pub async fn sessions(shell: State<'_, Shell>) -> Answer<Vec<DeviceSession>> {
    shell.client().await?.sessions().await
}

#[tauri::command]
#[specta::specta]
pub async fn end_session(shell: State<'_, Shell>, session_id: String) -> Answer<()> {
    shell.client().await?.end_session(&session_id).await
}

#[tauri::command]
#[specta::specta]
pub async fn end_other_sessions(shell: State<'_, Shell>) -> Answer<()> {
    shell.client().await?.end_other_sessions().await
}

#[tauri::command]
#[specta::specta]
pub async fn resend_verification(shell: State<'_, Shell>) -> Answer<()> {
    shell.client().await?.resend_verification().await
}

/// Writes everything that is kept about the person into a file of their own and says where it is.
#[tauri::command]
#[specta::specta]
pub async fn export_account(app: AppHandle, shell: State<'_, Shell>) -> Answer<String> {
    let text = shell.client().await?.export_account().await?;
    let folder = app
        .path()
        .download_dir()
        .unwrap_or_else(|_| shell.data().to_owned());
    let file = folder.join("matinee-account.json");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, text))
        .map_err(|error| {
            tracing::error!(%error, "the account's file was not written");
            ClientError::internal("The file cannot be written on this device.")
        })?;
    Ok(file.to_string_lossy().into_owned())
}

#[tauri::command]
#[specta::specta]
pub async fn sign_in_methods(shell: State<'_, Shell>) -> Answer<SignInMethods> {
    shell.client().await?.sign_in_methods().await
}

/// Signs in at the server's provider, through the system's browser; answers when the person came back from there.
#[tauri::command]
#[specta::specta]
pub async fn sign_in_with_provider(app: AppHandle, shell: State<'_, Shell>) -> Answer<Session> {
    let client = shell.client().await?;
    client
        .sign_in_with_provider(|url| {
            app.opener().open_url(url, None::<&str>).map_err(|error| {
                tracing::error!(%error, "no browser opened");
                ClientError::internal("The system has no browser to sign in with.")
            })
        })
        .await
}

#[tauri::command]
#[specta::specta]
pub async fn second_factor(shell: State<'_, Shell>) -> Answer<SecondFactorState> {
    shell.client().await?.second_factor().await
}

#[tauri::command]
#[specta::specta]
pub async fn begin_second_factor(
    shell: State<'_, Shell>,
    password: String,
) -> Answer<SecondFactorBegun> {
    shell.client().await?.begin_second_factor(password).await
}

#[tauri::command]
#[specta::specta]
pub async fn confirm_second_factor(shell: State<'_, Shell>, code: String) -> Answer<Vec<String>> {
    shell.client().await?.confirm_second_factor(code).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_second_factor(
    shell: State<'_, Shell>,
    password: String,
    code: String,
) -> Answer<()> {
    let client = shell.client().await?;
    client.remove_second_factor(password, code).await
}
