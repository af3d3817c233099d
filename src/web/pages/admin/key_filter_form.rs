//! The form for one filter of the grid: fitting the column, over the list, with an address of its own.

use actix_web::HttpResponse;
use serde::Deserialize;

use crate::domain::key_filter::{Choice, Column, Kind, Operator};
use crate::web::access::Admin;
use crate::web::form::Form;
use crate::web::html;
use crate::web::key_query::KeyQuery;

/// The form.
#[derive(Debug, Clone)]
pub struct FilterForm {
    /// The column that is filtered.
    pub column: Column,
    /// The condition that is edited; `None` for one more.
    pub index: Option<usize>,
    /// The operator that is chosen.
    pub operator: String,
    /// The value as it came.
    pub value: String,
    /// What is wrong with it; empty when nothing is.
    pub problem: String,
}

impl FilterForm {
    /// For one more condition on this column.
    pub fn add(column: &str) -> Option<Self> {
        let column = column.parse::<Column>().ok().filter(|column| column.is_offered())?;
        let operator = match column.kind() {
            Kind::Text => Operator::Contains,
            Kind::Date => Operator::Lt,
            Kind::Number => Operator::Gte,
            Kind::Choice | Kind::Job => Operator::In,
        };
        let operator =
            column.operators().into_iter().find(|one| *one == operator).or(column.operators().first().copied())?;
        let (value, problem) = (String::new(), String::new());
        Some(Self { column, index: None, operator: operator.as_str().into(), value, problem })
    }

    /// For the condition at `index` of a list.
    pub fn edit(query: &KeyQuery, index: usize) -> Option<Self> {
        let (name, value) = query.conditions().get(index)?;
        let (column, operator) = name.split_once('~')?;
        let problem = query.chips().get(index).map(|chip| chip.problem.clone()).unwrap_or_default();
        let column = column.parse::<Column>().ok()?;
        Some(Self { column, index: Some(index), operator: operator.into(), value: value.clone(), problem })
    }

    /// Is this the operator that is chosen?
    pub fn is(&self, operator: &Operator) -> bool {
        self.operator == operator.as_str()
    }

    /// Is this value among the chosen ones?
    pub fn has(&self, choice: &Choice) -> bool {
        self.value.split(';').any(|word| word.trim() == choice.as_str())
    }

    /// Can it be asked for what lies between two values?
    pub fn has_range(&self) -> bool {
        self.column.operators().contains(&Operator::Between)
    }

    fn is_range(&self) -> bool {
        self.operator == Operator::Between.as_str()
    }

    /// What stands in the first field.
    pub fn first_value(&self) -> &str {
        if self.is_range() { self.value.split(';').next().unwrap_or_default() } else { &self.value }
    }

    /// What stands in the second field, for what lies between.
    pub fn second_value(&self) -> &str {
        let second = self.value.split_once(';').map_or("", |(_, second)| second);
        if self.is_range() { second } else { "" }
    }

    /// What people read under the field.
    pub fn hint(&self) -> &'static str {
        match self.column.kind() {
            Kind::Text if self.column == Column::Owner => {
                "The display name or the user name. Several with a semicolon between them"
            }
            Kind::Text if self.column == Column::Resource => {
                "The title, or the name for services such as project:abc. Several with a semicolon between them"
            }
            Kind::Text if self.column == Column::Scope => {
                "A permission in the key’s own list, such as read:data. Several with a semicolon between them"
            }
            Kind::Text => "Upper and lower case are the same. Several with a semicolon between them",
            Kind::Date => {
                "Year-month-day in UTC, such as 2027-01-01; for “in the next” and “more than … ago”, a number of days"
            }
            Kind::Number => "A whole number",
            Kind::Choice | Kind::Job => "",
        }
    }
}

/// What the form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    /// The query of the list.
    state: String,
    column: String,
    #[serde(default)]
    operator: String,
    /// The condition that this one takes the place of.
    index: Option<usize>,
    /// One text, or the chosen words.
    #[serde(default)]
    value: Vec<String>,
}

/// `POST /admin/api-keys/filter`: puts what the form sends into the address of the list. It posts, so that a key pasted
/// into the value is refused before it stands in an address.
pub async fn apply(Form(_, form): Form<Admin, Entered>) -> HttpResponse {
    let Entered { state, column, operator, index, value: values } = form;
    let alone = operator.parse::<Operator>().ok().is_some_and(Operator::is_alone);
    let takes = operator.parse::<Operator>().ok().map_or(1, Operator::values);
    // Without scripts both fields are sent: the second counts for what lies between alone.
    let is_listed = column.parse::<Column>().ok().is_some_and(|column| column.kind() == Kind::Choice);
    let most = if is_listed { values.len() } else { takes.max(1) };
    let values: Vec<String> = values.into_iter().take(most).filter(|value| !value.trim().is_empty()).collect();
    let value = if alone { String::new() } else { values.join(";") };
    let query = KeyQuery::read(&state);
    html::see_other(&query.with_condition(index, format!("{column}~{operator}"), value))
}
