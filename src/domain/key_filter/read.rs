//! Reading `column~operator=value`, and writing it.

use super::{
    Choice, Column, Condition, DateTest, JobPart, Kind, MOST_VALUES, NumberTest, Operator, Test, TextTest, day,
};
use crate::domain::ids::JobId;
use crate::domain::text;

/// Texts longer than this are no value, in characters.
const LONGEST: usize = 200;
/// Days of a relative date.
const MOST_DAYS: i64 = 3650;

/// Reads a pair of the query string; says what is wrong, as a sentence without a full stop.
pub fn condition(name: &str, value: &str) -> Result<Condition, String> {
    let (column, operator) = name.split_once('~').ok_or("This is no filter. Write it as column~operator=value")?;
    let column = column.parse::<Column>().map_err(|_| "There is no such column")?;
    let operator = operator
        .parse::<Operator>()
        .ok()
        .filter(|operator| column.operators().contains(operator))
        .ok_or_else(|| format!("{} cannot be asked this", column.label()))?;
    if value.chars().count() > LONGEST * 20 {
        return Err("The value is too long".into());
    }
    let test = match column.kind() {
        Kind::Text => Test::Text(text_test(operator, value)?),
        Kind::Choice => choice(column, operator, value)?,
        Kind::Date => Test::Date(date(operator, value)?),
        Kind::Number => Test::Number(number(operator, value)?),
        Kind::Job => {
            let part = if column == Column::JobLeft { JobPart::Skipped } else { JobPart::All };
            Test::Job(JobId(whole(value).filter(|id| *id > 0).ok_or_else(|| no_number(value))?), part)
        }
    };
    Ok(Condition { column, test })
}

fn text_test(operator: Operator, value: &str) -> Result<TextTest, String> {
    let one = || -> Result<String, String> {
        let limits = text::Limits { field: "value", label: "Value", longest: LONGEST };
        // Folding may lengthen a text: the length counts as it will be kept.
        let value = text::line(limits, &text::folded(value)).map_err(|field_error| field_error.text)?;
        if value.is_empty() { Err("Enter a value".into()) } else { Ok(value) }
    };
    let several = || -> Result<Vec<String>, String> {
        let values = list(value);
        if values.is_empty() {
            return Err("Enter a value".into());
        }
        if values.len() > MOST_VALUES {
            return Err(format!("Give {MOST_VALUES} values or fewer"));
        }
        let mut folded: Vec<String> = Vec::new();
        for value in values {
            let limits = text::Limits { field: "value", label: "Value", longest: LONGEST };
            let value = text::line(limits, &text::folded(&value)).map_err(|field_error| field_error.text)?;
            if !folded.contains(&value) {
                folded.push(value);
            }
        }
        Ok(folded)
    };
    Ok(match operator {
        Operator::Eq => TextTest::In { wanted: true, values: vec![one()?] },
        Operator::Neq => TextTest::In { wanted: false, values: vec![one()?] },
        Operator::In => TextTest::In { wanted: true, values: several()? },
        Operator::NotIn => TextTest::In { wanted: false, values: several()? },
        Operator::Contains => TextTest::Contains { wanted: true, value: one()? },
        Operator::DoesNotContain => TextTest::Contains { wanted: false, value: one()? },
        Operator::StartsWith => TextTest::StartsWith(one()?),
        Operator::IsBlank => TextTest::Blank(true),
        _ => TextTest::Blank(false),
    })
}

fn choice(column: Column, operator: Operator, value: &str) -> Result<Test, String> {
    let words = list(value);
    let known = |word: &String| column.choices().iter().any(|choice| choice.as_str() == *word);
    if let Some(unknown) = words.iter().find(|word| !known(word)) {
        return Err(format!("‘{}’ is none of its values", text::excerpt(unknown, 40)));
    }
    let chosen = |choice: &Choice| words.iter().any(|word| word == choice.as_str());
    let values: Vec<Choice> = column.choices().iter().copied().filter(chosen).collect();
    if values.is_empty() {
        return Err("Choose at least one value".into());
    }
    Ok(Test::Choice { wanted: operator == Operator::In, values })
}

fn date(operator: Operator, value: &str) -> Result<DateTest, String> {
    let one = |value: &str| day(value).ok_or_else(|| format!("‘{}’ is not a date", text::excerpt(value.trim(), 40)));
    let days = || {
        whole(value).filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(|| format!("Enter 1 to {MOST_DAYS} days"))
    };
    Ok(match operator {
        Operator::Lt => DateTest::Before(one(value)?),
        Operator::Gte => DateTest::From(one(value)?),
        Operator::Between => match &list(value)[..] {
            [from, to] => {
                let (from, to) = (one(from)?, one(to)?);
                if to < from {
                    return Err("The first date is after the second".into());
                }
                DateTest::Between(from, to)
            }
            _ => return Err("Enter two dates, with a semicolon between them".into()),
        },
        Operator::Next => DateTest::Next(days()?),
        Operator::Older => DateTest::Older(days()?),
        Operator::IsBlank => DateTest::Never(true),
        _ => DateTest::Never(false),
    })
}

fn number(operator: Operator, value: &str) -> Result<NumberTest, String> {
    let one = |value: &str| whole(value).ok_or_else(|| no_number(value));
    Ok(match operator {
        Operator::Neq => NumberTest::Neq(one(value)?),
        Operator::Lt => NumberTest::Lt(one(value)?),
        Operator::Lte => NumberTest::Lte(one(value)?),
        Operator::Gt => NumberTest::Gt(one(value)?),
        Operator::Gte => NumberTest::Gte(one(value)?),
        Operator::Between => match &list(value)[..] {
            [from, to] if one(from)? <= one(to)? => NumberTest::Between(one(from)?, one(to)?),
            [_, _] => return Err("The first number is larger than the second".into()),
            _ => return Err("Enter two numbers, with a semicolon between them".into()),
        },
        _ => NumberTest::Eq(one(value)?),
    })
}

/// A whole number, also with spaces or commas between its thousands; not negative.
fn whole(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ',')).collect();
    let plain = !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn no_number(value: &str) -> String {
    format!("‘{}’ is not a whole number", text::excerpt(value.trim(), 40))
}

/// The values of a list: separated by semicolons; `\;` is a semicolon, `\\` a backslash. Blank ones are dropped.
fn list(text: &str) -> Vec<String> {
    let (mut values, mut value, mut escaped) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            ';' => values.push(std::mem::take(&mut value)),
            c => value.push(c),
        }
    }
    values.push(value);
    values.iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// A list as [`list`] reads it.
fn listed<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(|value| value.replace('\\', "\\\\").replace(';', "\\;")).collect::<Vec<_>>().join(";")
}

impl Condition {
    /// The operator, and the value as [`condition`] reads it.
    pub fn written(&self) -> (Operator, String) {
        use Operator as O;
        match &self.test {
            Test::Text(TextTest::In { wanted, values }) => match (&values[..], wanted) {
                ([one], true) if !one.contains(['\\', ';']) => (O::Eq, one.clone()),
                ([one], false) if !one.contains(['\\', ';']) => (O::Neq, one.clone()),
                (values, true) => (O::In, listed(values.iter().map(String::as_str))),
                (values, false) => (O::NotIn, listed(values.iter().map(String::as_str))),
            },
            Test::Text(TextTest::Contains { wanted, value }) => {
                (if *wanted { O::Contains } else { O::DoesNotContain }, value.clone())
            }
            Test::Text(TextTest::StartsWith(value)) => (O::StartsWith, value.clone()),
            Test::Text(TextTest::Blank(blank)) | Test::Date(DateTest::Never(blank)) => {
                (if *blank { O::IsBlank } else { O::IsNonBlank }, String::new())
            }
            Test::Choice { wanted, values } => {
                (if *wanted { O::In } else { O::NotIn }, listed(values.iter().map(|value| value.as_str())))
            }
            Test::Date(DateTest::Before(day)) => (O::Lt, day.day()),
            Test::Date(DateTest::From(day)) => (O::Gte, day.day()),
            Test::Date(DateTest::Between(from, to)) => (O::Between, format!("{};{}", from.day(), to.day())),
            Test::Date(DateTest::Next(days)) => (O::Next, days.to_string()),
            Test::Date(DateTest::Older(days)) => (O::Older, days.to_string()),
            Test::Number(number) => match number {
                NumberTest::Eq(n) => (O::Eq, n.to_string()),
                NumberTest::Neq(n) => (O::Neq, n.to_string()),
                NumberTest::Lt(n) => (O::Lt, n.to_string()),
                NumberTest::Lte(n) => (O::Lte, n.to_string()),
                NumberTest::Gt(n) => (O::Gt, n.to_string()),
                NumberTest::Gte(n) => (O::Gte, n.to_string()),
                NumberTest::Between(from, to) => (O::Between, format!("{from};{to}")),
            },
            Test::Job(id, _) => (O::Eq, id.to_string()),
        }
    }

    /// How many values it compares with.
    pub fn values(&self) -> usize {
        match &self.test {
            Test::Text(TextTest::In { values, .. }) => values.len(),
            Test::Choice { values, .. } => values.len(),
            _ => 1,
        }
    }

    /// The condition as a pair of a query string.
    pub fn pair(&self) -> (String, String) {
        let (operator, value) = self.written();
        (format!("{}~{}", self.column.as_str(), operator.as_str()), value)
    }
}
