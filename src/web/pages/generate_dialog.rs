//! The form for a new key: what it offers, what was entered, what is wrong with it.

use serde::Deserialize;

use crate::actions::give_rights::Offer;
use crate::domain::api_key::ApiKey;
use crate::domain::clock::{DAY, Moment};
use crate::domain::lifetime::LifetimeRule;
use crate::domain::mistake::Mistake;
use crate::domain::permission::{CLAVIGER, PermissionName};
use crate::domain::policy::PolicyName;
use crate::domain::resource::ResourceName;
use crate::domain::rights::{Access, Given, Wish};
use crate::web::html::Mistakes;
use crate::web::permission_boxes::PermissionBoxes;

/// The form for a new key.
pub struct GenerateDialog {
    /// Makes the answer unique.
    pub form_id: String,
    /// What was entered.
    pub entered: NewKey,
    /// What is wrong with it.
    pub mistakes: Mistakes,
    /// The rule it has to fit.
    pub rule: LifetimeRule,
    /// The moment at which the page is made.
    pub now: Moment,
    /// Why no key can be made now; empty when one can.
    pub refusal: String,
    /// What it can be given.
    pub offer: Offer,
    /// The page that it stands over, without a slash at its end: the form goes to `/generate` below it.
    pub over: String,
    /// What the key is for.
    pub purpose: Purpose,
}

/// What a new key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The person's own tools.
    Own,
    /// A service account.
    Service,
    /// A resource that the person looks after, with this title: it is bound to that.
    Resource(String),
}

impl GenerateDialog {
    /// Is it for a service account?
    pub fn for_service(&self) -> bool {
        self.purpose == Purpose::Service
    }

    /// The title of the resource that it is for.
    pub fn resource_title(&self) -> Option<&str> {
        if let Purpose::Resource(title) = &self.purpose { Some(title) } else { None }
    }

    /// What people read of the one who can do it all: "my account".
    pub fn whose(&self) -> &'static str {
        if self.for_service() { "the account" } else { "my account" }
    }

    /// Is there anything to choose but "everything"? What everybody may do in Claviger itself is no reason to ask.
    pub fn has_choice(&self) -> bool {
        let of_services = self.offer.permissions.iter().any(|permission| permission.service.as_str() != CLAVIGER);
        of_services || !self.offer.policies.is_empty() || matches!(self.entered.access.as_str(), "scopes" | "policy")
    }

    /// Is the policy that was entered none of those on offer?
    pub fn needs_policy(&self) -> bool {
        !self.offer.policies.contains(&self.entered.policy)
    }

    /// Is this the chosen kind of access?
    pub fn is_access(&self, word: &str) -> bool {
        let chosen = if self.entered.access.is_empty() { "inherit" } else { &self.entered.access };
        chosen == word
    }

    /// The permissions to tick.
    pub fn boxes(&self) -> PermissionBoxes {
        PermissionBoxes::new(&self.offer.permissions, |name| self.entered.scope.iter().any(|scope| scope == name))
    }

    /// The lifetimes to choose from: value, words, the moment of the end.
    pub fn choices(&self) -> Vec<(String, String, String)> {
        let mut choices: Vec<_> = self
            .rule
            .presets()
            .into_iter()
            .map(|days| {
                let end = self.now.plus(i64::from(days) * DAY);
                let unit = if days == 1 { "day" } else { "days" };
                (days.to_string(), format!("{days} {unit}, until {}", end.day()), end.minute())
            })
            .collect();
        if self.rule.allow_never {
            choices.push(("never".into(), "Never".into(), String::new()));
        }
        choices.push(("date".into(), "On a date…".into(), String::new()));
        choices
    }

    /// Is this the chosen lifetime?
    pub fn is_chosen(&self, value: &str) -> bool {
        match self.entered.expires.as_str() {
            "" => value == self.rule.default_days.to_string(),
            chosen => value == chosen,
        }
    }

    /// The last day that may be chosen.
    pub fn latest(&self) -> String {
        self.rule.latest(self.now).day()
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The one-time id.
    pub form: String,
    /// May be empty.
    #[serde(default)]
    pub name: String,
    /// May be empty.
    #[serde(default)]
    pub note: String,
    /// Days, `never` or `date`.
    #[serde(default)]
    pub expires: String,
    /// The day for `date`.
    #[serde(default)]
    pub expires_on: String,
    /// `inherit`, `scopes` or `policy`; nothing is the first.
    #[serde(default)]
    pub access: String,
    /// The ticked permissions, for `scopes`.
    #[serde(default)]
    pub scope: Vec<String>,
    /// The name of the policy, for `policy`.
    #[serde(default)]
    pub policy: String,
    /// The resource, as services name it; may be empty.
    #[serde(default)]
    pub resource: String,
}

impl NewKey {
    /// What somebody enters who wants another key like this one.
    pub fn like(key: &ApiKey, access: &Access) -> Self {
        let policy = if let Given::Policy(name) = &access.given { name.clone() } else { String::new() };
        Self {
            name: key.name.clone(),
            note: key.note.clone(),
            access: key.grant.word().into(),
            scope: access.scopes().to_vec(),
            policy,
            resource: access.resource.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What the key shall be able to do.
    pub fn wish(&self) -> Result<Wish, Mistake> {
        match self.access.as_str() {
            // Scopes or a policy without the choice of them: nothing that was left out means everything.
            "" if !self.scope.is_empty() || !self.policy.is_empty() => {
                Err(Mistake::new("access", "Choose what the key may do"))
            }
            "" | "inherit" => Ok(Wish::Inherit),
            "scopes" => {
                let names = self.scope.iter().map(|name| PermissionName::parse("scopes", name));
                names.collect::<Result<_, _>>().map(Wish::Scopes)
            }
            "policy" => {
                PolicyName::parse(&self.policy).map(Wish::Policy).map_err(|_| Mistake::new("policy", "Choose a policy"))
            }
            _ => Err(Mistake::new("access", "Choose what the key may do")),
        }
    }

    /// The resource that the key shall be bound to.
    pub fn resource(&self) -> Result<Option<ResourceName>, Mistake> {
        let name = self.resource.trim();
        if name.is_empty() { Ok(None) } else { ResourceName::parse(name).map(Some) }
    }
}
