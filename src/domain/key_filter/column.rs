//! The columns of the grid, one row each: what people read, what kind of value it holds, what it is there for, what it can be asked.

use super::operators::{Choice, Operator};

/// A column. Its word stands in URLs and exports; the order is the one of menus and exports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr, strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Column {
    /// The public identifier.
    FirstEight,
    /// Whose it is: display name and user name.
    Owner,
    /// The owner's email address.
    OwnerEmail,
    /// What it is called.
    Name,
    /// Where it is used.
    Note,
    /// What it may do.
    Access,
    /// The policy that it carries.
    Policy,
    /// A permission in its list.
    Scope,
    /// The resource that it is bound to: as services name it, or its title.
    Resource,
    /// The state it is in.
    Status,
    /// When it was made.
    #[strum(serialize = "created_at")]
    Created,
    /// When it ends by itself.
    #[strum(serialize = "expires_at")]
    Expires,
    /// When it was used last.
    #[strum(serialize = "latest_activity")]
    Activity,
    /// From where it was used last.
    Address,
    /// How often it was used.
    Uses,
    /// Who made it.
    CreatedBy,
    /// Who disabled it, and when.
    DisabledBy,
    /// Who revoked it, and when.
    RevokedBy,
    /// A person or a service account.
    OwnerType,
    /// Days from its secret's making to its end.
    #[strum(serialize = "lifetime_days")]
    Lifetime,
    /// The keys of a bulk job.
    Job,
    /// The keys that a bulk job left.
    #[strum(serialize = "left_by_job")]
    JobLeft,
}

/// What kind of value a column holds, and so what it can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// One of a few values.
    Choice,
    /// A moment, possibly none.
    Date,
    /// A whole number.
    Number,
    /// The number of a job.
    Job,
}

/// What a column is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// It is shown, asked and sorted by.
    Sort,
    /// It is shown and asked.
    Show,
    /// It is shown alone: no index holds what is looked up for the rows of a page.
    LookUp,
    /// It is asked alone.
    Filter,
    /// It is asked by links alone, and in no menu.
    Link,
}

/// What is known of a column.
struct Row {
    label: &'static str,
    kind: Kind,
    purpose: Purpose,
    /// What its kind can be asked, and this column cannot.
    without: &'static [Operator],
    choices: &'static [Choice],
}

const fn row(label: &'static str, kind: Kind, purpose: Purpose) -> Row {
    Row { label, kind, purpose, without: &[], choices: &[] }
}

impl Row {
    const fn without(self, without: &'static [Operator]) -> Self {
        Self { without, ..self }
    }

    const fn choices(self, choices: &'static [Choice]) -> Self {
        Self { choices, ..self }
    }
}

impl Column {
    const fn row(self) -> Row {
        use Choice as C;
        use Operator as O;
        use Purpose as P;
        const NEVER_BLANK: &[Operator] = &[O::IsBlank, O::IsNonBlank];
        match self {
            Self::FirstEight => row("First 8", Kind::Text, P::Sort).without(NEVER_BLANK),
            Self::Owner => row("Owner", Kind::Text, P::Sort).without(NEVER_BLANK),
            Self::OwnerEmail => row("Owner’s email address", Kind::Text, P::LookUp),
            Self::Name => row("Name", Kind::Text, P::Sort).without(NEVER_BLANK),
            Self::Note => row("Note", Kind::Text, P::Show),
            Self::Access => row("Access", Kind::Choice, P::Show).choices(&[C::Inherit, C::Scopes, C::Policy]),
            Self::Policy => row("Policy", Kind::Text, P::Filter),
            Self::Scope => row("Scope", Kind::Text, P::Filter),
            Self::Resource => row("Resource", Kind::Text, P::Filter),
            Self::Status => row("Status", Kind::Choice, P::Sort).choices(&[
                C::Active,
                C::Expiring,
                C::Expired,
                C::Disabled,
                C::Revoked,
            ]),
            Self::Created => {
                row("Created at (UTC)", Kind::Date, P::Sort).without(&[O::Next, O::IsBlank, O::IsNonBlank])
            }
            Self::Expires => row("Expires at (UTC)", Kind::Date, P::Sort).without(&[O::Older]),
            Self::Activity => row("Latest activity", Kind::Date, P::Sort).without(&[O::Next]),
            // Nothing indexes the inside of an address.
            Self::Address => row("Latest address", Kind::Text, P::Show).without(&[O::Contains, O::DoesNotContain]),
            Self::Uses => row("Uses", Kind::Number, P::Sort),
            Self::CreatedBy => row("Created by", Kind::Text, P::LookUp),
            Self::DisabledBy => row("Disabled by", Kind::Text, P::LookUp),
            Self::RevokedBy => row("Revoked by", Kind::Text, P::LookUp),
            Self::OwnerType => row("Owner type", Kind::Choice, P::Filter).choices(&[C::User, C::Service]),
            Self::Lifetime => {
                row("Lifetime in days", Kind::Number, P::Filter).without(&[O::Eq, O::Neq, O::Lt, O::Gte, O::Between])
            }
            Self::Job => row("Bulk job", Kind::Job, P::Link),
            Self::JobLeft => row("Left by bulk job", Kind::Job, P::Link),
        }
    }

    /// All columns, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::VariantArray>::VARIANTS.iter().copied()
    }

    /// The columns that are shown unless somebody chooses others.
    pub const DEFAULT: [Self; 8] = [
        Self::FirstEight,
        Self::Owner,
        Self::Name,
        Self::Access,
        Self::Status,
        Self::Expires,
        Self::Activity,
        Self::Uses,
    ];

    /// The name in URLs and exports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub const fn label(self) -> &'static str {
        self.row().label
    }

    /// What kind of value it holds.
    pub const fn kind(self) -> Kind {
        self.row().kind
    }

    /// Can it be shown as a column?
    pub fn shows(self) -> bool {
        matches!(self.row().purpose, Purpose::Sort | Purpose::Show | Purpose::LookUp)
    }

    /// Can the list be sorted by it?
    pub fn sorts(self) -> bool {
        self.row().purpose == Purpose::Sort
    }

    /// Is it offered in the menu of filters? A job's keys are reached by links.
    pub fn is_offered(self) -> bool {
        matches!(self.row().purpose, Purpose::Sort | Purpose::Show | Purpose::Filter)
    }

    /// The values of a choice, in their order.
    pub const fn choices(self) -> &'static [Choice] {
        self.row().choices
    }

    /// What it can be asked: what its kind can, less what does not fit it.
    pub fn operators(self) -> Vec<Operator> {
        let row = self.row();
        if row.purpose == Purpose::LookUp {
            return Vec::new();
        }
        row.kind.operators().iter().copied().filter(|operator| !row.without.contains(operator)).collect()
    }
}

impl Kind {
    const fn operators(self) -> &'static [Operator] {
        use Operator as O;
        match self {
            Self::Text => &[
                O::Eq,
                O::Neq,
                O::Contains,
                O::DoesNotContain,
                O::StartsWith,
                O::In,
                O::NotIn,
                O::IsBlank,
                O::IsNonBlank,
            ],
            Self::Choice => &[O::In, O::NotIn],
            Self::Date => &[O::Lt, O::Gte, O::Between, O::Next, O::Older, O::IsBlank, O::IsNonBlank],
            Self::Number => &[O::Eq, O::Neq, O::Lt, O::Lte, O::Gt, O::Gte, O::Between],
            Self::Job => &[O::Eq],
        }
    }
}
