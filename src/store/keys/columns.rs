//! The columns of the grid in SQL, one row each: what a condition compares, and what an order goes by.

use super::predicate::Predicate;
use crate::domain::key_filter::{Column, Sort};
use crate::store::{ReadTx, dialect};

/// An expression as an index has it, and the same value as no index has it: what stands in the second form leaves the index to the
/// order of the page.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub indexed: &'static str,
    pub hidden: &'static str,
}

/// A column.
pub(super) struct SqlColumn {
    /// What a condition compares. For related rows, and for what is only shown, the key itself.
    pub condition: Written,
    /// What the list is sorted by, before the id; the time of creation for what it is not sorted by.
    pub order: &'static [Written],
}

macro_rules! written {
    ($column:literal + "") => {
        Written { indexed: concat!("api_keys.", $column), hidden: concat!("api_keys.", $column, " || ''") }
    };
    ($column:literal $operator:tt 0) => {
        Written {
            indexed: concat!("api_keys.", $column),
            hidden: concat!("api_keys.", $column, " ", stringify!($operator), " 0"),
        }
    };
}

const CREATED: Written = written!("created_at" + 0);
const ENDS: Written = written!("ends_at" - 0);
const ACTIVITY: Written = written!("active_at" + 0);
const USES: Written = written!("use_count" + 0);
const STATE: Written = written!("standing" + 0);
const OWNER: Written = written!("owner" + 0);
const NAME: Written = written!("name_folded" + "");
const FIRST_EIGHT: Written =
    Written { indexed: "lower(api_keys.first_eight)", hidden: "lower(api_keys.first_eight) || ''" };
const ADDRESS: Written =
    Written { indexed: "api_keys.last_used_address", hidden: "(api_keys.last_used_address || '')" };
const KEY: Written = Written { indexed: "api_keys.id", hidden: "api_keys.id" };

impl SqlColumn {
    /// The column in SQL.
    pub const fn of(column: Column) -> Self {
        const fn sorts(condition: Written, order: &'static [Written]) -> SqlColumn {
            SqlColumn { condition, order }
        }
        const fn filters(condition: Written) -> SqlColumn {
            SqlColumn { condition, order: &[CREATED] }
        }
        match column {
            Column::FirstEight => sorts(FIRST_EIGHT, &[written!("first_eight" + "")]),
            Column::Owner => sorts(OWNER, &[written!("owner_folded" + "")]),
            Column::Name => sorts(NAME, &[NAME]),
            Column::Status => sorts(STATE, &[STATE, ENDS]),
            Column::Created => sorts(CREATED, &[CREATED]),
            Column::Expires => sorts(ENDS, &[ENDS]),
            Column::Activity => sorts(ACTIVITY, &[ACTIVITY]),
            Column::Uses => sorts(USES, &[USES]),
            Column::Note => filters(written!("note_folded" + "")),
            Column::Address => filters(ADDRESS),
            Column::Access => filters(written!("grant_kind" + "")),
            Column::Policy => filters(written!("policy" + 0)),
            Column::Resource => filters(written!("resource" + 0)),
            Column::Lifetime => filters(written!("lifetime" - 0)),
            Column::OwnerType => filters(OWNER),
            Column::Scope
            | Column::Job
            | Column::JobLeft
            | Column::OwnerEmail
            | Column::CreatedBy
            | Column::DisabledBy
            | Column::RevokedBy => filters(KEY),
        }
    }
}

/// Who may answer a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessPath {
    /// An index, where there is one; not the one over trigrams for these texts, which occur nearly everywhere.
    Index {
        /// Texts to look for in the rows.
        common: Vec<String>,
    },
    /// As `Index`, but of the keys that may hold this text, or without one of the entries of permissions in lists, only the first so
    /// many: enough to know that there are many.
    Sample(Option<String>, i64),
    /// The row alone: the database is to walk in the order of this sort. Conditions on its own column stay reachable.
    Row(Sort),
}

impl AccessPath {
    /// Any index.
    pub const fn index() -> Self {
        Self::Index { common: Vec::new() }
    }

    /// Which keys an index proposes for a text.
    pub(super) fn candidates(&self, tx: &ReadTx, text: &str) -> Option<Predicate> {
        match self {
            Self::Index { common } if common.iter().any(|other| other == text) => None,
            Self::Index { .. } => dialect::may_hold(tx.kind(), text, None),
            Self::Sample(Some(sampled), limit) if sampled == text => dialect::may_hold(tx.kind(), text, Some(*limit)),
            Self::Sample(..) | Self::Row(_) => None,
        }
    }
}

/// How a column stands in a condition: bare, or inside an expression that no index has.
pub(super) fn written(column: Column, reach: &AccessPath) -> &'static str {
    let hidden = matches!(reach, AccessPath::Row(sort) if sort.column != column);
    let condition = SqlColumn::of(column).condition;
    if hidden { condition.hidden } else { condition.indexed }
}
