//! The form for a new key: what it offers, what was entered, what is wrong with it.

use serde::Deserialize;

use crate::domain::field_error::FieldError;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest, GrantView};
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::domain::time::span::DAY;
use crate::web::html::FieldErrors;
use crate::web::pages::access_fields::{AccessFields, Chosen};

/// The form for a new key.
pub struct GenerateDialog {
    /// Makes the answer unique.
    pub form_id: String,
    /// What was entered.
    pub entered: NewKey,
    /// What is wrong with it.
    pub field_errors: FieldErrors,
    /// What the key may do.
    pub fields: AccessFields,
    /// The rule it has to fit.
    pub rule: LifetimeRule,
    /// The moment at which the page is made.
    pub now: Timestamp,
    /// Why no key can be made now; empty when one can.
    pub refusal: String,
    /// The page that it stands over, without a slash at its end: the form goes to `/generate` below it.
    pub over: String,
}

impl GenerateDialog {
    /// The lifetimes to choose from: value, words, the moment of the end.
    pub fn choices(&self) -> Vec<(String, String, String)> {
        let mut choices: Vec<_> = self
            .rule
            .presets()
            .into_iter()
            .map(|span| {
                let end = self.now.plus(span);
                let until = if span < DAY { end.minute() } else { end.day() };
                (LifetimeRule::choice(span), format!("{}, until {until}", span::words(span)), end.minute())
            })
            .collect();
        if self.rule.allow_never {
            choices.push(("never".into(), "Never".into(), String::new()));
        }
        choices.push(("other".into(), "Another time…".into(), String::new()));
        choices.push(("date".into(), "On a date…".into(), String::new()));
        choices
    }

    /// Is this the chosen lifetime?
    pub fn is_chosen(&self, value: &str) -> bool {
        match self.entered.expires.as_str() {
            "" => value == LifetimeRule::choice(self.rule.default_span),
            chosen => value == chosen,
        }
    }

    /// The longest lifetime that may be chosen: "365 days".
    pub fn longest(&self) -> String {
        span::words(self.rule.longest_span)
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
    /// Days, `never`, `other` or `date`.
    #[serde(default)]
    pub expires: String,
    /// The time for `other`, such as `12h`.
    #[serde(default)]
    pub expires_in: String,
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
    /// The password, when what the key may do asks for it.
    #[serde(default)]
    pub present: String,
}

impl NewKey {
    /// What somebody enters who wants another key like this one.
    pub fn like(key: &ApiKey, access: &AccessView) -> Self {
        let policy = if let GrantView::Policy(name) = &access.grant { name.clone() } else { String::new() };
        Self {
            name: key.name.clone(),
            note: key.note.clone(),
            access: key.grant.as_str().into(),
            scope: access.scopes().to_vec(),
            policy,
            resource: access.resource.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What the key shall be able to do.
    pub fn wish(&self) -> Result<GrantRequest, FieldError> {
        self.chosen().wish()
    }

    /// What was chosen of what it shall be able to do.
    pub fn chosen(&self) -> Chosen {
        Chosen { access: self.access.clone(), scope: self.scope.clone(), policy: self.policy.clone() }
    }

    /// The resource that the key shall be bound to.
    pub fn resource(&self) -> Result<Option<ResourceName>, FieldError> {
        let name = self.resource.trim();
        if name.is_empty() { Ok(None) } else { ResourceName::parse(name).map(Some) }
    }
}
