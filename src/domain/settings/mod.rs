//! The site's settings that an administrator changes while the server runs: name, default, meaning.

mod rows;
mod values;

pub use values::{OnPolicyDelete, OwnKeys, ServiceRights, Settings};

use super::mistake::Mistake;
use super::text::{self, Limits};

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// What the organisation calls this server.
    SiteName,
    /// May new keys be made at all?
    AllowCreation,
    /// Are keys good for anything?
    AcceptKeys,
    /// May people make keys?
    UserKeys,
    /// May service accounts be given keys?
    ServiceKeys,
    /// What people may do with the keys that they have.
    OwnKeys,
    /// Does a new key need a name?
    NameRequired,
    /// May people make keys that end with their sign-in session?
    SessionKeys,
    /// May keys make keys?
    KeyMayCreate,
    /// May a key revoke itself?
    KeyMayRevokeItself,
    /// In which forms a request may carry a key.
    AcceptedForms,
    /// How many live keys all service accounts may have together.
    MaxServiceKeys,
    /// What bounds the keys of service accounts.
    ServiceRights,
    /// What happens to the keys of a policy that is deleted.
    OnPolicyDelete,
    /// How long a key is kept after its end, in days.
    PurgeAfterDays,
    /// How long events of the audit log are kept, in days.
    AuditRetentionDays,
}

/// What kind of value a setting has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `on` or `off`.
    Switch,
    /// A line of text, possibly empty, of so many characters at the most.
    Text(usize),
    /// A whole number: the least, the most, and what it counts.
    Number(i32, i32, &'static str),
    /// One of a few words, each with what people read.
    Choice(&'static [(&'static str, &'static str)]),
    /// Some of a few words, at least one, separated by commas.
    Several(&'static [(&'static str, &'static str)]),
}

/// What is known of a setting, in one place.
pub struct Row {
    /// The name in the database, the API and the audit log.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What it means.
    pub help: &'static str,
    /// What kind of value it has.
    pub kind: Kind,
}

impl Setting {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 16] = [
        Self::SiteName,
        Self::AllowCreation,
        Self::AcceptKeys,
        Self::UserKeys,
        Self::ServiceKeys,
        Self::OwnKeys,
        Self::NameRequired,
        Self::SessionKeys,
        Self::KeyMayCreate,
        Self::KeyMayRevokeItself,
        Self::AcceptedForms,
        Self::MaxServiceKeys,
        Self::ServiceRights,
        Self::OnPolicyDelete,
        Self::PurgeAfterDays,
        Self::AuditRetentionDays,
    ];

    /// The name in the database, the API and the audit log.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The setting with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        self.row().label
    }

    /// What it means, for the page.
    pub fn help(self) -> &'static str {
        self.row().help
    }

    /// What kind of value it has.
    pub fn kind(self) -> Kind {
        self.row().kind
    }

    /// Is it on or off?
    pub fn is_switch(self) -> bool {
        self.kind() == Kind::Switch
    }

    /// The words to choose from, with what people read; none for a switch, a text or a number.
    pub fn choices(self) -> &'static [(&'static str, &'static str)] {
        match self.kind() {
            Kind::Choice(choices) | Kind::Several(choices) => choices,
            Kind::Switch | Kind::Text(_) | Kind::Number(..) => &[],
        }
    }

    /// A value as people read it.
    pub fn in_words(self, value: &str) -> String {
        let words = |word: &str| {
            let choice = self.choices().iter().find(|(known, _)| *known == word);
            choice.map_or_else(|| word.to_owned(), |(_, words)| (*words).to_owned())
        };
        match self.kind() {
            Kind::Text(_) if value.is_empty() => "none".into(),
            Kind::Several(_) => value.split(',').map(words).collect::<Vec<_>>().join(", "),
            _ => words(value),
        }
    }

    /// Reads a value: `on` or `off`, a line of text, a number, one of its words, or some of them.
    pub fn parse(self, input: &str) -> Result<String, Mistake> {
        let (input, row) = (input.trim(), self.row());
        let mistake = |text: String| Mistake::new(row.name, text);
        match row.kind {
            Kind::Switch if matches!(input, "on" | "off") => Ok(input.to_owned()),
            Kind::Switch => Err(mistake("Choose on or off".into())),
            Kind::Text(longest) => text::line(Limits { field: row.name, label: row.label, longest }, input),
            Kind::Number(least, most, unit) => {
                let digits: String = input.chars().filter(|c| *c != ',').collect();
                let number: Option<i32> = digits.parse().ok().filter(|number| (least..=most).contains(number));
                let most = text::number(i64::from(most));
                let wrong = || mistake(format!("Enter a number of {unit} between {least} and {most}"));
                number.map(|number| number.to_string()).ok_or_else(wrong)
            }
            Kind::Choice(choices) if choices.iter().any(|(word, _)| *word == input) => Ok(input.to_owned()),
            Kind::Choice(_) => Err(mistake("Choose one of these".into())),
            Kind::Several(choices) => {
                let chosen: Vec<&str> = input.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
                let known = |word: &&str| choices.iter().any(|(one, _)| one == word);
                if chosen.is_empty() || !chosen.iter().all(known) {
                    return Err(mistake("Choose at least one of these".into()));
                }
                // In the order of the list, each once: the same choice is the same value.
                let listed = choices.iter().map(|(word, _)| *word).filter(|word| chosen.contains(word));
                Ok(listed.collect::<Vec<_>>().join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_read_written_and_has_its_default() {
        for setting in Setting::ALL {
            let usual = Settings::default().value(setting);
            assert_eq!(setting.parse(&usual).as_deref(), Ok(usual.as_str()), "{setting:?}");
            let other = match setting.kind() {
                Kind::Switch => if usual == "on" { "off" } else { "on" }.to_owned(),
                Kind::Text(_) => "Lab".to_owned(),
                Kind::Number(..) => "7".to_owned(),
                Kind::Choice(choices) | Kind::Several(choices) => choices[choices.len() - 1].0.to_owned(),
            };
            let mut changed = Settings::default();
            changed.apply(setting.name(), &other);
            assert_eq!(changed.value(setting), other, "{setting:?}");
            assert_ne!(changed, Settings::default(), "{setting:?}");
            assert_eq!(Setting::named(setting.name()), Some(setting));
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_to_choose() {
        assert_eq!(Setting::AcceptedForms.parse(" query , bearer,bearer").as_deref(), Ok("bearer,query"));
        for (setting, bad) in [
            (Setting::AcceptedForms, ""),
            (Setting::AcceptedForms, "bearer,cookie"),
            (Setting::OwnKeys, "all"),
            (Setting::UserKeys, "yes"),
            (Setting::PurgeAfterDays, "0"),
            (Setting::MaxServiceKeys, "1000001"),
            (Setting::SiteName, "a\u{202E}b"),
        ] {
            assert_eq!(setting.parse(bad).map_err(|mistake| mistake.field), Err(setting.name()), "{bad}");
        }
        assert_eq!(
            Setting::MaxServiceKeys.parse("x").unwrap_err().text,
            "Enter a number of keys between 0 and 1,000,000"
        );
    }
}
