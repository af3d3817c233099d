//! The site's settings that an administrator changes while the server runs: name, default, meaning.

mod table;
mod values;

use jiff::SignedDuration;
use strum::VariantArray;

pub use table::{Setting, Settings};
pub use values::{OnPolicyDelete, OwnKeys, ServiceRights};

use crate::domain::field_error::FieldError;
use crate::domain::text::{self, Limits};
use crate::domain::time::span::days;

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

impl Setting {
    /// All of them, in the order of the page.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied()
    }

    /// The name in the database, the API and the audit log.
    pub fn name(self) -> &'static str {
        self.into()
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
    pub fn parse(self, input: &str) -> Result<String, FieldError> {
        let input = input.trim();
        let field_error = |text: String| FieldError::new(self.name(), text);
        match self.kind() {
            Kind::Switch if matches!(input, "on" | "off") => Ok(input.to_owned()),
            Kind::Switch => Err(field_error("Choose on or off".into())),
            Kind::Text(longest) => text::line(Limits { field: self.name(), label: self.label(), longest }, input),
            Kind::Number(least, most, unit) => {
                let digits: String = input.chars().filter(|c| *c != ',').collect();
                let number: Option<i32> = digits.parse().ok().filter(|number| (least..=most).contains(number));
                let most = text::number(i64::from(most));
                let wrong = || field_error(format!("Enter a number of {unit} between {least} and {most}"));
                number.map(|number| number.to_string()).ok_or_else(wrong)
            }
            Kind::Choice(choices) if choices.iter().any(|(word, _)| *word == input) => Ok(input.to_owned()),
            Kind::Choice(_) => Err(field_error("Choose one of these".into())),
            Kind::Several(choices) => {
                let chosen: Vec<&str> = input.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
                let known = |word: &&str| choices.iter().any(|(one, _)| one == word);
                if chosen.is_empty() || !chosen.iter().all(known) {
                    return Err(field_error("Choose at least one of these".into()));
                }
                // In the order of the list, each once: the same choice is the same value.
                let listed = choices.iter().map(|(word, _)| *word).filter(|word| chosen.contains(word));
                Ok(listed.collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Settings {
    /// How long a key is kept after its end.
    pub fn purge_after(&self) -> SignedDuration {
        days(self.purge_after_days.into())
    }

    /// Takes over one stored setting. Names that are no site setting are passed over; a switch that cannot be read is
    /// taken as "off", the safer of the two, and a number as it was.
    pub fn apply(&mut self, name: &str, value: &str) {
        if let Ok(setting) = name.parse() {
            self.set(setting, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_read_written_and_has_its_default() {
        for setting in Setting::all() {
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
            assert_eq!(setting.name().parse(), Ok(setting));
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
            assert_eq!(setting.parse(bad).map_err(|field_error| field_error.field), Err(setting.name()), "{bad}");
        }
        assert_eq!(
            Setting::MaxServiceKeys.parse("x").unwrap_err().text,
            "Enter a number of keys between 0 and 1,000,000"
        );
    }
}
