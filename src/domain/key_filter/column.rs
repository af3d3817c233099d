//! The columns of the grid: their names in URLs and exports, what people read, what they can be asked.

use super::operators::{Choice, Operator};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The public identifier.
    FirstEight,
    /// Whose it is: display name and user name.
    Owner,
    /// The owner's email address. To be shown only.
    OwnerEmail,
    /// What it is called.
    Name,
    /// Where it is used.
    Note,
    /// What it may do.
    Access,
    /// The policy that it carries. For filters only.
    Policy,
    /// A permission in its list. For filters only.
    Scope,
    /// The resource that it is bound to: as services name it, or its title. For filters only.
    Resource,
    /// The state it is in.
    Status,
    /// When it was made.
    Created,
    /// When it ends by itself.
    Expires,
    /// When it was used last.
    Activity,
    /// From where it was used last.
    Address,
    /// How often it was used.
    Uses,
    /// Who made it. To be shown only, as the next two.
    CreatedBy,
    /// Who disabled it, and when.
    DisabledBy,
    /// Who revoked it, and when.
    RevokedBy,
    /// A person or a service account. For filters only.
    OwnerType,
    /// Days from its secret's making to its end. For filters only.
    Lifetime,
    /// The keys of a bulk job. For filters only.
    Job,
    /// The keys that a bulk job left. For filters only.
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

impl Column {
    /// All columns, in the order of menus and exports.
    pub const ALL: [Self; 22] = [
        Self::FirstEight,
        Self::Owner,
        Self::OwnerEmail,
        Self::Name,
        Self::Note,
        Self::Access,
        Self::Policy,
        Self::Scope,
        Self::Resource,
        Self::Status,
        Self::Created,
        Self::Expires,
        Self::Activity,
        Self::Address,
        Self::Uses,
        Self::CreatedBy,
        Self::DisabledBy,
        Self::RevokedBy,
        Self::OwnerType,
        Self::Lifetime,
        Self::Job,
        Self::JobLeft,
    ];

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
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstEight => "first_eight",
            Self::Owner => "owner",
            Self::OwnerEmail => "owner_email",
            Self::Name => "name",
            Self::Note => "note",
            Self::Access => "access",
            Self::Policy => "policy",
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Status => "status",
            Self::Created => "created_at",
            Self::Expires => "expires_at",
            Self::Activity => "latest_activity",
            Self::Address => "address",
            Self::Uses => "uses",
            Self::CreatedBy => "created_by",
            Self::DisabledBy => "disabled_by",
            Self::RevokedBy => "revoked_by",
            Self::OwnerType => "owner_type",
            Self::Lifetime => "lifetime_days",
            Self::Job => "job",
            Self::JobLeft => "left_by_job",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::FirstEight => "First 8",
            Self::Owner => "Owner",
            Self::OwnerEmail => "Owner’s email address",
            Self::Name => "Name",
            Self::Note => "Note",
            Self::Access => "Access",
            Self::Policy => "Policy",
            Self::Scope => "Scope",
            Self::Resource => "Resource",
            Self::Status => "Status",
            Self::Created => "Created at (UTC)",
            Self::Expires => "Expires at (UTC)",
            Self::Activity => "Latest activity",
            Self::Address => "Latest address",
            Self::Uses => "Uses",
            Self::CreatedBy => "Created by",
            Self::DisabledBy => "Disabled by",
            Self::RevokedBy => "Revoked by",
            Self::OwnerType => "Owner type",
            Self::Lifetime => "Lifetime in days",
            Self::Job => "Bulk job",
            Self::JobLeft => "Left by bulk job",
        }
    }

    /// The column with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What kind of value it holds.
    pub fn kind(self) -> Kind {
        match self {
            Self::FirstEight
            | Self::Owner
            | Self::OwnerEmail
            | Self::CreatedBy
            | Self::DisabledBy
            | Self::RevokedBy
            | Self::Name
            | Self::Note
            | Self::Address
            | Self::Policy
            | Self::Scope
            | Self::Resource => Kind::Text,
            Self::Access | Self::Status | Self::OwnerType => Kind::Choice,
            Self::Created | Self::Expires | Self::Activity => Kind::Date,
            Self::Uses | Self::Lifetime => Kind::Number,
            Self::Job | Self::JobLeft => Kind::Job,
        }
    }

    /// Can it be shown as a column?
    pub fn shows(self) -> bool {
        !self.is_for_filters_only()
    }

    /// Can it be shown, but not asked or sorted by? No index holds what is looked up for the rows of a page.
    fn only_shows(self) -> bool {
        matches!(self, Self::OwnerEmail | Self::CreatedBy | Self::DisabledBy | Self::RevokedBy)
    }

    fn is_for_filters_only(self) -> bool {
        let of_rights = matches!(self, Self::Policy | Self::Scope | Self::Resource);
        of_rights || matches!(self, Self::OwnerType | Self::Lifetime | Self::Job | Self::JobLeft)
    }

    /// Can the list be sorted by it?
    pub fn sorts(self) -> bool {
        self.shows() && !self.only_shows() && !matches!(self, Self::Note | Self::Access | Self::Address)
    }

    /// Is it offered in the menu of filters? A job's keys are reached by links.
    pub fn is_offered(self) -> bool {
        !self.only_shows() && !matches!(self, Self::Job | Self::JobLeft)
    }

    /// The values of a choice, in their order.
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Self::Status => &[Choice::Active, Choice::Expiring, Choice::Expired, Choice::Disabled, Choice::Revoked],
            Self::Access => &[Choice::Inherit, Choice::Scopes, Choice::Policy],
            Self::OwnerType => &[Choice::User, Choice::Service],
            _ => &[],
        }
    }

    /// What it can be asked. A text that nothing indexes inside (an address) and what is never blank have fewer.
    pub fn operators(self) -> Vec<Operator> {
        use Operator as O;
        let all: &[O] = match self.kind() {
            Kind::Text => &[
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
            Kind::Choice => &[O::In, O::NotIn],
            Kind::Date => &[O::Lt, O::Gte, O::Between, O::Next, O::Older, O::IsBlank, O::IsNonBlank],
            Kind::Number => &[O::Eq, O::Neq, O::Lt, O::Lte, O::Gt, O::Gte, O::Between],
            Kind::Job => &[O::Eq],
        };
        let fits = |operator: &O| match self {
            _ if self.only_shows() => false,
            Self::FirstEight | Self::Owner | Self::Name => !matches!(operator, O::IsBlank | O::IsNonBlank),
            Self::Address => !matches!(operator, O::Contains | O::DoesNotContain),
            Self::Created => !matches!(operator, O::Next | O::IsBlank | O::IsNonBlank),
            Self::Expires => !matches!(operator, O::Older),
            Self::Activity => !matches!(operator, O::Next),
            Self::Lifetime => matches!(operator, O::Gt | O::Lte),
            _ => true,
        };
        all.iter().copied().filter(fits).collect()
    }
}
