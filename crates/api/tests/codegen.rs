//! Keeps what is generated from these types equal to them (the UI's types, the AsyncAPI document): compares by default,
//! rewrites with `MATINEE_CODEGEN=write`.

use matinee_api as api;
use specta::Types;
use specta_typescript::Typescript;
use std::{fs, path::PathBuf};

fn types() -> Types {
    let mut types = Types::default();
    macro_rules! register { ($($t:ty),* $(,)?) => { $( types.register_mut::<$t>(); )* } }
    register!(
        api::Page<api::Theater>,
        api::Page<api::Movie>,
        api::Page<api::Show>,
        api::Page<api::Booking>,
        api::ShowDetail,
        api::ShowSeats,
        api::SeatChanges,
        api::SeatSnapshot,
        api::BestSeats,
        api::BookRequest,
        api::ChangeRequest,
        api::PaymentRequest,
        api::GiftBalanceRequest,
        api::GiftBalance,
        api::SimulateRequest,
        api::CancelRequest,
        api::CancelAnswer,
        api::Booking,
        api::Tickets,
        api::RecoverRequest,
        api::RecoverRedeemRequest,
        api::RecoverRedeemAnswer,
        api::RegisterRequest,
        api::LoginRequest,
        api::RefreshRequest,
        api::ForgotRequest,
        api::ResetRequest,
        api::Session,
        api::SessionInfo,
        api::VerifyRequest,
        api::Profile,
        api::SubscriptionRequest,
        api::Subscriptions,
        api::DeviceMessage,
        api::Page<api::DeviceSession>,
        api::AccountExport,
        api::SignInMethods,
        api::Page<api::Passkey>,
        api::PasskeyBegin,
        api::PasskeyAsked,
        api::Receipt,
        api::PasskeyMade,
        api::PasskeyUsed,
        api::SecondFactorBegin,
        api::SecondFactorBegun,
        api::SecondFactorCode,
        api::SecondFactorRemove,
        api::RecoveryCodes,
        api::OpenIdStart,
        api::OpenIdStarted,
        api::OpenIdFinish,
        api::OpenIdFinished,
        api::HandoffRequest,
        api::Page<api::MyTheater>,
        api::Page<api::GatewayHere>,
        api::NetworkHere,
        api::ShowBatchSpec,
        api::ShowBatchAnswer,
        api::Page<api::StaffMember>,
        api::StaffRequest,
        api::Page<api::AuditEntry>,
        api::ManagedTheater,
        api::ScreenSpec,
        api::ManagedMovie,
        api::MovieImportRequest,
        api::FoundMovies,
        api::ShowSpec,
        api::Page<api::ManagedShow>,
        api::BlockRequest,
        api::UnblockRequest,
        api::BlockAnswer,
        api::RedeemRequest,
        api::RedeemAnswer,
        api::UndoRequest,
        api::UndoAnswer,
        api::SignedDoorList,
        api::DoorList,
        api::ScansRequest,
        api::ScansAnswer,
        api::CounterShow,
        api::SellRequest,
        api::SellAnswer,
        api::OpenShiftRequest,
        api::CloseShiftRequest,
        api::PayoutRequest,
        api::Page<api::Shift>,
        api::CancelShowRequest,
        api::ShowCancellation,
        api::MoveShowRequest,
        api::ShowMovePlan,
        api::ShowMove,
        api::StaffRefundRequest,
        api::StaffRefundAnswer,
        api::Page<api::FoundBooking>,
        api::ManagedBooking,
        api::MessageState,
        api::Page<api::ManagedMessage>,
        api::DayTotals,
        api::SyncPage,
        api::Problem,
    );
    types
}

#[test]
fn codegen_ui_types() {
    let text = Typescript::default()
        .header("// Generated from crates/api by `cargo xtask codegen`. Do not edit.\n/* eslint-disable */\n")
        .export(&types(), specta_serde::Format)
        .expect("every type can be written as TypeScript");
    compare_or_write("ui/src/lib/platform/generated/api.ts", &text);
}

#[test]
fn codegen_asyncapi() {
    let document = api::asyncapi::document();
    let mut text = serde_json::to_string_pretty(&document).expect("it is plain JSON");
    text.push('\n');
    compare_or_write("docs/asyncapi.json", &text);
}

fn compare_or_write(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    if std::env::var("MATINEE_CODEGEN").is_ok_and(|mode| mode == "write") {
        fs::create_dir_all(path.parent().expect("it is inside the repository"))
            .expect("the folder can be made");
        fs::write(&path, text).expect("the file can be written");
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{file} is old: run `cargo xtask codegen`"
    );
}
