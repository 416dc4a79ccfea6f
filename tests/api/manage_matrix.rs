//! Every call of the table, made by everybody: what the table says of who may call is what the server does.

use crate::{
    manage::{admin, house, own, person},
    shared::{account, text},
};
use matinee_api::{
    Action, ProblemCode, StaffRole,
    openapi::{Callers, OPERATIONS, Operation},
};
use matinee_tests::{Answer, Caller};
use reqwest::Method;

/// The domain's table, as the contract tells it.
mod can {
    use super::{Action, Callers, StaffRole};
    pub fn may(role: StaffRole, action: Action) -> bool {
        Callers::Staff(action).roles().contains(&role)
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anonymous,
    Guest,
    Customer,
    /// An owner, of another theater.
    Elsewhere,
    Role(StaffRole),
    Admin,
}

async fn send(caller: &Caller, operation: &Operation, ids: &[(&str, String)]) -> Answer {
    let mut path = operation.path.to_owned();
    for (name, id) in ids {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    assert!(
        !path.contains('{'),
        "{path}: every parameter is known to this test"
    );
    let method: Method = operation.method.to_uppercase().parse().unwrap();
    // Where no path names the theater, the body does.
    let theater = &ids
        .iter()
        .find(|(name, _)| *name == "theater_id")
        .unwrap()
        .1;
    let said = if operation.path.starts_with("/manage/tickets/") {
        serde_json::json!({ "theater_id": theater, "code": "x", "door": "x",
            "scan_id": "00000000-0000-4000-8000-000000000000" })
    } else {
        serde_json::json!({})
    };
    let body = (method != Method::GET).then(|| said.to_string().into_bytes());
    let caller = caller.with_header("if-match", "*");
    caller.send(method, &path, body).await.unwrap()
}

/// What an answer has to be.
fn fits(operation: &Operation, who: Who, answer: &Answer) -> bool {
    let (status, code) = (answer.status, answer.code());
    let turned_away = code == "unauthenticated" || code == "forbidden";
    let documented = |code: ProblemCode| operation.problems.contains(&code);
    match (operation.callers, who) {
        (Callers::Unsaid, _) => false,
        // A call may want a secret of its own, as signing in does.
        (Callers::Anyone | Callers::AnyoneOrUser, _) => {
            !turned_away || documented(ProblemCode::Unauthenticated)
        }
        // Nothing here is theirs.
        (Callers::Owner, _) => status >= 400,
        (Callers::User, Who::Anonymous | Who::Guest) => status >= 400 && code != "forbidden",
        (Callers::User, _) => {
            code != "unauthenticated" && (code != "forbidden" || documented(ProblemCode::Forbidden))
        }
        (Callers::Staff(_) | Callers::Admin, Who::Anonymous | Who::Guest) => {
            status == 401 && code == "unauthenticated"
        }
        (Callers::Staff(_), Who::Customer | Who::Elsewhere) => status == 404 && code == "not_found",
        (Callers::Staff(action), Who::Role(role)) if !can::may(role, action) => {
            status == 403 && code == "forbidden"
        }
        (Callers::Admin, Who::Customer | Who::Elsewhere | Who::Role(_)) => {
            status == 403 && code == "forbidden"
        }
        (Callers::Staff(_) | Callers::Admin, Who::Role(_) | Who::Admin) => !turned_away,
    }
}

#[tokio::test]
async fn everybody_may_exactly_what_the_table_says() {
    let stranger = house().caller();
    let (ours, theirs) = (own().await, own().await);
    let show = ours.on_sale(3).await;
    let (guests, guest) = stranger.hold(&show, 1).await;
    let booking_id = text(&guests, "booking_id").to_owned();
    let (held, _) = stranger.hold(&show, 1).await;
    let (_, _, customer) = account(&stranger).await;
    let mut callers = vec![
        (Who::Anonymous, stranger),
        (Who::Guest, guest),
        (Who::Customer, customer),
        (Who::Elsewhere, theirs.owner.clone()),
    ];
    // Who may least comes first: what an owner deletes is gone for those who come after.
    for role in [
        StaffRole::Door,
        StaffRole::BoxOffice,
        StaffRole::Manager,
        StaffRole::Owner,
    ] {
        let (_, _, caller) = person(&ours.theater_id, role.as_str()).await;
        callers.push((Who::Role(role), caller));
    }
    callers.push((Who::Admin, admin().await));
    let nothing = |letter: &str, count| format!("{letter}{}", "a".repeat(count));
    let ids = [
        ("theater_id", ours.theater_id.clone()),
        ("show_id", show),
        ("screen_id", ours.screen_id.clone()),
        ("movie_id", ours.movie_id.clone()),
        ("user_id", nothing("u", 26)),
        ("shift_id", nothing("h", 26)),
        // To staff it is a booking of their theater's, to customers somebody else's.
        ("booking_id", text(&held, "booking_id").to_owned()),
        ("payment_id", nothing("p", 61)),
        ("subscription_id", nothing("y", 26)),
        ("session_id", "a".repeat(26)),
        ("passkey_id", "AQID".into()),
        ("gateway", "sandbox".into()),
        ("message_id", nothing("n", 26)),
        ("date", "2030-05-04".into()),
    ];
    let mut staff_ids = ids.to_vec();
    staff_ids.retain(|(name, _)| *name != "booking_id");
    staff_ids.push(("booking_id", booking_id));
    let ids = ids.to_vec();
    let mut tried = 0;
    for operation in OPERATIONS {
        // A stream has no end, and signing out would end the test.
        if ["watchSeats", "logout"].contains(&operation.id) {
            continue;
        }
        for (who, caller) in &callers {
            // Staff's calls are about a booking of their theater.
            let of_staff = matches!(operation.callers, Callers::Staff(_));
            let ids = if of_staff { &staff_ids } else { &ids };
            let answer = send(caller, operation, ids).await;
            assert!(
                answer.status < 500 || answer.status == 503,
                "{}: {}",
                operation.id,
                answer.status
            );
            assert!(
                fits(operation, *who, &answer),
                "{} as {who:?}: {} {}",
                operation.id,
                answer.status,
                answer.json()
            );
            tried += 1;
        }
    }
    assert!(tried > 9 * 70, "{tried}");
}

/// The document tells the same as the table.
#[tokio::test]
async fn the_document_names_the_roles() {
    let document = house()
        .caller()
        .get("/openapi.json")
        .await
        .expect(200)
        .json();
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path][operation.method];
        let managed = operation.path.starts_with("/manage");
        match operation.callers {
            Callers::Staff(_) => {
                let roles: Vec<_> = operation
                    .callers
                    .roles()
                    .into_iter()
                    .map(StaffRole::as_str)
                    .collect();
                assert_eq!(
                    described["x-roles"],
                    serde_json::json!(roles),
                    "{}",
                    operation.id
                );
                assert!(managed && text(described, "description").starts_with("Roles: owner"));
                assert!(
                    described["responses"]["403"].is_object(),
                    "{}",
                    operation.id
                );
            }
            Callers::Admin => assert_eq!(described["x-roles"], serde_json::json!([])),
            _ => assert!(
                !managed || operation.id == "listMyTheaters",
                "{}",
                operation.id
            ),
        }
    }
}
