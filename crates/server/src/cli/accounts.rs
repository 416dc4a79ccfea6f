//! `admin create`: the first person who may do more than buy. The password never stands on the command line. `admin grant`
//! gives somebody a role in a theater.

use super::{CliError, DatabaseArg};
use crate::{
    auth::{check_password, hash_now},
    routes::auth::check_email,
    system::SystemEntropy,
};
use clap::{Args, Subcommand};
use matinee_booking::Entropy;
use matinee_domain::{
    ids::{TheaterId, UserId, time_ordered},
    staff::StaffRole,
};
use matinee_store::{
    Store, StoreError,
    accounts::{PasswordBy, ProfileData, Role, UserRow},
    catalog::AskedIds,
    staff::{AuditEntry, SetStaff, StaffOutcome},
};
use std::io::{BufRead, IsTerminal, Write};

/// Where the password may come from besides standard input.
const PASSWORD_ENV: &str = "MATINEE_ADMIN_PASSWORD";

#[derive(Subcommand)]
pub(super) enum AdminCommand {
    /// Make an administrator, or make one of an account that is there. The password comes from MATINEE_ADMIN_PASSWORD
    /// or the first line of standard input
    Create(CreateArgs),
    /// Give an account a role in a theater: owner, manager, box_office or door
    Grant(GrantArgs),
    /// Take the code generator and the passkeys of an account away, when they are lost; its sessions end
    ResetSecondFactor(ResetArgs),
}

#[derive(Args)]
pub(super) struct ResetArgs {
    /// E-mail of the account
    #[arg(long)]
    email: String,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct GrantArgs {
    /// E-mail of the account
    #[arg(long)]
    email: String,
    /// The theater: its id, or its external id
    #[arg(long)]
    theater: String,
    /// owner, manager, box_office or door
    #[arg(long)]
    role: StaffRole,
    #[command(flatten)]
    database: DatabaseArg,
}

#[derive(Args)]
pub(super) struct CreateArgs {
    /// E-mail to sign in with
    #[arg(long)]
    email: String,
    /// Name [default: the e-mail]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    database: DatabaseArg,
}

/// Runs an `admin` command.
pub(super) async fn run(command: AdminCommand) -> Result<(), CliError> {
    match command {
        AdminCommand::Create(args) => create_admin(args).await,
        AdminCommand::Grant(args) => grant(args).await,
        AdminCommand::ResetSecondFactor(args) => reset_second_factor(args).await,
    }
}

async fn grant(args: GrantArgs) -> Result<(), CliError> {
    let store = args.database.open_existing().await?;
    let done = granted(&*store, &args).await;
    store.close().await;
    println!("{}", done?);
    Ok(())
}

/// Whoever runs this knows whose address it is: it need not be confirmed.
async fn granted(store: &dyn Store, args: &GrantArgs) -> Result<String, CliError> {
    let GrantArgs {
        email,
        theater,
        role,
        ..
    } = args;
    let refused = |what: String| CliError::Refused(format!("{what}; nothing was changed"));
    let user = store.user_by_email(email).await?;
    let user =
        user.ok_or_else(|| refused(format!("there is no account with the e-mail {email}")))?;
    let asked = AskedIds {
        theaters: vec![theater.clone()],
        ..AskedIds::default()
    };
    let named = store.known_ids(&asked).await?.theaters.into_iter().next();
    let theater_id = match (named, theater.parse::<TheaterId>()) {
        (Some(theater), _) => theater.theater_id,
        (None, Ok(theater_id)) => theater_id,
        (None, Err(_)) => return Err(refused(format!("there is no theater {theater}"))),
    };
    let entropy: &dyn Entropy = &SystemEntropy;
    let now = chrono::Utc::now();
    let set = SetStaff {
        user_id: user.user_id,
        role: Some(*role),
        audit: AuditEntry {
            theater_id,
            entry: time_ordered(now.timestamp_millis(), entropy.bytes()),
            at: now,
            actor: None,
            action: "staff.set".into(),
            object: user.user_id.to_string(),
            before: None,
            after: None,
        },
    };
    match store.set_staff(set).await? {
        StaffOutcome::Done | StaffOutcome::Unchanged => Ok(format!(
            "{email} is {role} of {theater} now. Staff need a code generator beside the password: it is set up in the profile"
        )),
        StaffOutcome::LastOwner => Err(refused(format!(
            "{email} is the only owner of {theater}: make somebody else an owner first"
        ))),
        StaffOutcome::Missing => Err(refused(format!("there is no theater {theater}"))),
    }
}

/// Whoever may run this may read the database: no code is asked for.
async fn reset_second_factor(args: ResetArgs) -> Result<(), CliError> {
    let store = args.database.open_existing().await?;
    let done = without_second_factor(&*store, &args.email).await;
    store.close().await;
    let email = &args.email;
    if !done? {
        return Err(CliError::Refused(format!(
            "there is no account with the e-mail {email}; nothing was changed"
        )));
    }
    println!("{email} signs in with the password alone now; their sessions have ended");
    Ok(())
}

async fn without_second_factor(store: &dyn Store, email: &str) -> Result<bool, StoreError> {
    let Some(user) = store.user_by_email(email).await? else {
        return Ok(false);
    };
    store.remove_second_factor(user.user_id).await?;
    // A lost passkey keeps staff from setting anything else up, like a lost generator.
    for passkey in store.passkeys_of(user.user_id).await? {
        store
            .remove_passkey(user.user_id, &passkey.credential)
            .await?;
    }
    Ok(true)
}

async fn create_admin(args: CreateArgs) -> Result<(), CliError> {
    let email = check_email("/email", &args.email)
        .map_err(|error| CliError::Refused(error.0.detail.clone()))?;
    let password = password()?;
    check_password("/password", &password)
        .map_err(|error| CliError::Refused(error.0.detail.clone()))?;
    let entropy: &dyn Entropy = &SystemEntropy;
    let hash = hash_now(&password, entropy.bytes()).map_err(CliError::Refused)?;
    let store = args.database.open_existing().await?;
    let done = create(&*store, email, args.name, hash).await;
    store.close().await;
    println!("{}", done?);
    Ok(())
}

async fn create(
    store: &dyn Store,
    email: String,
    name: Option<String>,
    password_hash: String,
) -> Result<String, StoreError> {
    if let Some(user) = store.user_by_email(&email).await? {
        store
            .set_password(user.user_id, password_hash, PasswordBy::Operator)
            .await?;
        return Ok(format!(
            "{email} is an administrator now, with the new password, which is the only way into the account: its sessions, \
             passkeys, code generator, links to a sign-in provider and subscribed devices are gone"
        ));
    }
    let entropy: &dyn Entropy = &SystemEntropy;
    let added = store
        .add_user(UserRow {
            user_id: UserId::from_bytes(entropy.bytes()),
            email: email.clone(),
            email_verified: false,
            password_hash,
            role: Role::Admin,
            profile: ProfileData {
                name: name.unwrap_or_else(|| email.clone()),
                address: String::new(),
                phone: String::new(),
                language: String::new(),
                favourite_theater: None,
                notify_email: true,
                notify_reminder: true,
                notify_sms: false,
                notify_push: true,
            },
            profile_version: 1,
            created_at: chrono::Utc::now(),
        })
        .await?;
    if added {
        Ok(format!("{email} is an administrator"))
    } else {
        Err(StoreError::Engine(format!(
            "{email} was registered at this very moment; run this again"
        )))
    }
}

fn password() -> Result<String, CliError> {
    if let Ok(password) = std::env::var(PASSWORD_ENV) {
        return Ok(password);
    }
    let input = std::io::stdin();
    if input.is_terminal() {
        eprint!("Password: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(CliError::Refused(format!(
            "give the password in {PASSWORD_ENV} or as the first line of standard input"
        )));
    }
    Ok(password)
}
