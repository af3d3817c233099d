//! The form of the lifetime rules: what it sends, and what that means.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::actions::{Administrator, App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::lifetime_rules::Rules;
use crate::domain::keys::rule::{AppliesTo, Rule};
use crate::domain::keys::rule_fields::{days, keys, lifetime};
use crate::domain::time::span;

/// The form as it was filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Entered {
    pub(super) version: String,
    pub(super) default_lifetime: String,
    pub(super) longest_lifetime: String,
    pub(super) allow_never: bool,
    pub(super) idle_days: String,
    pub(super) keys_per_owner: String,
    pub(super) stricter: Vec<Stricter>,
}

/// What the form sends: of each list one for each line of the stricter rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    pub(super) version: String,
    pub(super) default_lifetime: String,
    pub(super) longest_lifetime: String,
    #[serde(default)]
    pub(super) allow_never: String,
    #[serde(default)]
    pub(super) idle_days: String,
    #[serde(default)]
    pub(super) keys_per_owner: String,
    #[serde(default)]
    pub(super) rule_applies_to: Vec<String>,
    #[serde(default)]
    pub(super) rule_subject: Vec<String>,
    #[serde(default)]
    pub(super) rule_longest: Vec<String>,
    #[serde(default)]
    pub(super) rule_idle: Vec<String>,
    #[serde(default)]
    pub(super) rule_keys: Vec<String>,
    /// `add` or the number of a line to remove: the form comes back changed, and nothing is saved.
    #[serde(default)]
    pub(super) lines: String,
}

/// One line of the stricter rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Stricter {
    pub(super) applies_to: String,
    pub(super) subject: String,
    pub(super) longest_lifetime: String,
    pub(super) idle_days: String,
    pub(super) keys_per_owner: String,
}

fn text(number: Option<i32>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// A lifetime as people read and enter it: "90 days", "12 hours".
fn time(span: Option<SignedDuration>) -> String {
    span.map(span::words).unwrap_or_default()
}

/// To whom a rule applies, as the form has it.
pub(super) fn choice(applies_to: &AppliesTo) -> (&'static str, String) {
    match applies_to {
        AppliesTo::Everyone => ("", String::new()),
        AppliesTo::Services => ("services", String::new()),
        AppliesTo::Role(role) if role == "admin" => ("admins", String::new()),
        AppliesTo::Role(_) => ("users", String::new()),
        AppliesTo::Account(_, name) => ("account", name.clone()),
    }
}

impl Entered {
    pub(super) fn of(rules: &Rules) -> Self {
        let everyone = rules.everyone();
        let stricter = rules.stricter().map(|rule| {
            let (applies_to, subject) = choice(&rule.applies_to);
            Stricter {
                applies_to: applies_to.into(),
                subject,
                longest_lifetime: time(rule.longest_span),
                idle_days: text(rule.idle_days),
                keys_per_owner: text(rule.keys_per_owner),
            }
        });
        Self {
            version: rules.version(),
            default_lifetime: time(everyone.and_then(|rule| rule.default_span)),
            longest_lifetime: time(everyone.and_then(|rule| rule.longest_span)),
            allow_never: everyone.is_some_and(|rule| rule.allow_never),
            idle_days: text(everyone.and_then(|rule| rule.idle_days)),
            keys_per_owner: text(everyone.and_then(|rule| rule.keys_per_owner)),
            stricter: stricter.collect(),
        }
    }

    pub(super) fn read(sent: Sent) -> Result<Self, FieldError> {
        let lists = [&sent.rule_subject, &sent.rule_longest, &sent.rule_idle, &sent.rule_keys];
        if lists.iter().any(|list| list.len() != sent.rule_applies_to.len()) {
            let text = "A line of the stricter rules is not complete. Open the page again, and try again";
            return Err(FieldError::new("rule_applies_to", text));
        }
        let allow_never = match sent.allow_never.as_str() {
            "" => false,
            "on" => true,
            _ => return Err(FieldError::new("allow_never", "Turn it on or off")),
        };
        let rest =
            sent.rule_subject.into_iter().zip(sent.rule_longest).zip(sent.rule_idle.into_iter().zip(sent.rule_keys));
        let lines = sent.rule_applies_to.into_iter().zip(rest);
        let stricter = lines.map(|(applies_to, ((subject, longest_lifetime), (idle_days, keys_per_owner)))| Stricter {
            applies_to,
            subject,
            longest_lifetime,
            idle_days,
            keys_per_owner,
        });
        Ok(Self {
            version: sent.version,
            default_lifetime: sent.default_lifetime,
            longest_lifetime: sent.longest_lifetime,
            allow_never,
            idle_days: sent.idle_days,
            keys_per_owner: sent.keys_per_owner,
            stricter: stricter.collect(),
        })
    }

    /// The rules that the form says, with all its errors.
    pub(super) async fn rules(&self, app: &App, by: Administrator<'_>) -> Result<Rules, Error> {
        let mut field_errors = Vec::new();
        let needed = |field, what, input: &str| {
            lifetime(field, what, input)
                .and_then(|span| span.ok_or_else(|| FieldError::new(field, format!("Enter {what}"))))
        };
        let longest =
            validate(&mut field_errors, needed("longest_lifetime", "a longest lifetime", &self.longest_lifetime));
        let default =
            validate(&mut field_errors, needed("default_lifetime", "a default lifetime", &self.default_lifetime));
        if let (Some(default), Some(longest)) = (default, longest)
            && default > longest
        {
            let text = format!("Enter {} or less, the longest lifetime", span::words(longest));
            field_errors.push(FieldError::new("default_lifetime", text));
        }
        let idle = validate(&mut field_errors, days("idle_days", "a time without use", &self.idle_days)).flatten();
        let limit =
            validate(&mut field_errors, keys("keys_per_owner", "a number of keys", &self.keys_per_owner)).flatten();
        let everyone = Rule {
            applies_to: AppliesTo::Everyone,
            default_span: default,
            longest_span: longest,
            allow_never: self.allow_never,
            idle_days: idle,
            idle_from: 0,
            keys_per_owner: Some(limit.unwrap_or(0)),
        };
        let mut rules = vec![everyone];
        for line in &self.stricter {
            match line.rule(app, by).await {
                Ok(Some(rule)) if rules.iter().any(|other| other.applies_to == rule.applies_to) => {
                    let text = format!("There are two rules for {}. Keep one", rule.applies_to.label());
                    field_errors.push(FieldError::new("rule_applies_to", text));
                }
                Ok(Some(rule)) => rules.push(rule),
                Ok(None) => {}
                Err(Error::Invalid(found)) => field_errors.extend(found),
                Err(error) => return Err(error),
            }
        }
        if field_errors.is_empty() { Ok(Rules(rules)) } else { Err(Error::Invalid(field_errors)) }
    }
}

impl Stricter {
    /// The rule of this line; none for a line that says nothing.
    async fn rule(&self, app: &App, by: Administrator<'_>) -> Result<Option<Rule>, Error> {
        let mut field_errors = Vec::new();
        let longest_span =
            validate(&mut field_errors, lifetime("rule_longest", "a longest lifetime", &self.longest_lifetime))
                .flatten();
        let idle_days = validate(&mut field_errors, days("rule_idle", "a time without use", &self.idle_days)).flatten();
        let keys_per_owner =
            validate(&mut field_errors, keys("rule_keys", "a number of keys", &self.keys_per_owner)).flatten();
        if !field_errors.is_empty() {
            return Err(Error::Invalid(field_errors));
        }
        if longest_span.is_none() && idle_days.is_none() && keys_per_owner.is_none() {
            return Ok(None);
        }
        let applies_to = match self.applies_to.as_str() {
            "services" => AppliesTo::Services,
            "admins" => AppliesTo::Role("admin".into()),
            "users" => AppliesTo::Role("user".into()),
            "account" => app.rule_for(by, &self.subject).await?,
            _ => return Err(FieldError::new("rule_applies_to", "Choose to whom the stricter rule applies").into()),
        };
        Ok(Some(Rule {
            applies_to,
            default_span: None,
            longest_span,
            allow_never: false,
            idle_days,
            idle_from: 0,
            keys_per_owner,
        }))
    }
}
