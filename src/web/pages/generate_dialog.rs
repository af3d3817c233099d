//! The form for a new key: what it offers, what was entered, what is wrong with it.

use serde::Deserialize;

use crate::domain::clock::{DAY, Moment};
use crate::domain::lifetime::LifetimeRule;
use crate::web::html::Mistakes;

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
}

impl GenerateDialog {
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
}
