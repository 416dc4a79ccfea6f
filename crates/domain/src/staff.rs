//! Who works in a theater, and what each role may do there.
//!
//! One table, [`can`], so that nobody has to look through handlers to learn what a role may do. The server's own
//! administrator stands above it and is not a role of a theater. How somebody proves who they are is not here.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What somebody is in one theater.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Answers for the theater: everything, also who works here.
    Owner,
    /// Makes the programme and the prices.
    Manager,
    /// Sells at the counter.
    BoxOffice,
    /// Looks at tickets.
    Door,
}

/// Something only staff may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    specta::Type,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// See the theater as its staff does: also shows that are not published.
    See,
    /// Redeem tickets.
    Redeem,
    /// Sell and cancel for people at the counter.
    Sell,
    /// Give money back outside the cancellation policy.
    Refund,
    /// Take seats of a show out of the sale, and put them back.
    BlockSeats,
    /// Give tickets away at the counter.
    Invite,
    /// See the shifts of others, and close them.
    SeeShifts,
    /// Make and change screens, prices, movies and shows.
    ChangeProgramme,
    /// See who changed what.
    SeeAudit,
    /// See what a day brought.
    SeeTotals,
    /// Change the theater itself: its address, tax, cancellation policy.
    ChangeTheater,
    /// Say who works here, and see it.
    ChangeStaff,
}

impl StaffRole {
    /// Every role, the most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Manager, Self::BoxOffice, Self::Door];

    /// The text on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::BoxOffice => "box_office",
            Self::Door => "door",
        }
    }

    /// Everything the role may do.
    pub fn actions(self) -> Vec<Action> {
        let may = |action: &Action| can(self, *action);
        Action::ALL.into_iter().filter(may).collect()
    }
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 12] = [
        Self::See,
        Self::Redeem,
        Self::Sell,
        Self::Refund,
        Self::BlockSeats,
        Self::Invite,
        Self::SeeShifts,
        Self::ChangeProgramme,
        Self::SeeAudit,
        Self::SeeTotals,
        Self::ChangeTheater,
        Self::ChangeStaff,
    ];
}

/// Whether a role may do this in its theater.
pub const fn can(role: StaffRole, action: Action) -> bool {
    use StaffRole::{BoxOffice, Door, Manager, Owner};
    match action {
        Action::See | Action::Redeem => true,
        Action::Sell | Action::BlockSeats => match role {
            Owner | Manager | BoxOffice => true,
            Door => false,
        },
        Action::Invite
        | Action::SeeShifts
        | Action::Refund
        | Action::ChangeProgramme
        | Action::SeeAudit
        | Action::SeeTotals => match role {
            Owner | Manager => true,
            BoxOffice | Door => false,
        },
        Action::ChangeTheater | Action::ChangeStaff => match role {
            Owner => true,
            Manager | BoxOffice | Door => false,
        },
    }
}

impl fmt::Display for StaffRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is owner, manager, box_office or door")]
pub struct NoRole;

impl FromStr for StaffRole {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let named = |role: &Self| role.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(NoRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The whole table once more, by hand: each line who may, the rest may not.
    #[test]
    fn every_role_may_exactly_this() {
        use StaffRole::{BoxOffice, Door, Manager, Owner};
        let table: [(Action, &[StaffRole]); 12] = [
            (Action::See, &[Owner, Manager, BoxOffice, Door]),
            (Action::Redeem, &[Owner, Manager, BoxOffice, Door]),
            (Action::Sell, &[Owner, Manager, BoxOffice]),
            (Action::Refund, &[Owner, Manager]),
            (Action::BlockSeats, &[Owner, Manager, BoxOffice]),
            (Action::Invite, &[Owner, Manager]),
            (Action::SeeShifts, &[Owner, Manager]),
            (Action::ChangeProgramme, &[Owner, Manager]),
            (Action::SeeAudit, &[Owner, Manager]),
            (Action::SeeTotals, &[Owner, Manager]),
            (Action::ChangeTheater, &[Owner]),
            (Action::ChangeStaff, &[Owner]),
        ];
        let listed: BTreeSet<_> = table.iter().map(|(action, _)| *action).collect();
        assert_eq!(listed, BTreeSet::from(Action::ALL));
        for (action, who) in table {
            for role in StaffRole::ALL {
                assert_eq!(can(role, action), who.contains(&role), "{role} {action:?}");
            }
        }
    }

    #[test]
    fn who_stands_above_may_no_less() {
        for action in Action::ALL {
            assert!(can(StaffRole::Owner, action));
            for lower in [StaffRole::BoxOffice, StaffRole::Door] {
                assert!(!can(lower, action) || can(StaffRole::Manager, action));
            }
        }
    }

    #[test]
    fn roles_come_back_from_their_text() {
        for role in StaffRole::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(
                serde_json::to_value(role).unwrap(),
                serde_json::json!(role.as_str())
            );
        }
        assert_eq!("admin".parse::<StaffRole>(), Err(NoRole));
    }
}
