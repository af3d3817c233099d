//! The form for a new key: what it offers, what was entered, what is wrong with it.

use crate::actions::App;
use crate::actions::rights::grants::GrantOptions;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::domain::time::span::DAY;
use crate::web::html::FieldErrors;
use crate::web::issue::Refused;
use crate::web::issue::access_fields::{AccessFields, Purpose};
use crate::web::issue::new_key::NewKey;

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

/// What a form for a new key offers, and where it stands.
pub struct Offer {
    /// What the key can be given.
    pub grants: GrantOptions,
    /// Whose key it is, or for what.
    pub purpose: Purpose,
    /// The rule it has to fit.
    pub rule: LifetimeRule,
    /// The page below it.
    pub over: String,
}

impl GenerateDialog {
    /// The form as it opens, or as it comes back.
    pub fn new(app: &App, offer: Offer, entered: NewKey, refused: Refused) -> Self {
        let Offer { grants, purpose, rule, over } = offer;
        let Refused { field_errors, refusal } = refused;
        let fields =
            AccessFields { offer: grants, chosen: entered.chosen(), field_errors: field_errors.clone(), purpose };
        Self { form_id: app.new_form_id(), entered, field_errors, fields, rule, now: app.now(), refusal, over }
    }

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
