//! What may be verified differently after a change: which facts nobody may keep in memory any longer.
//!
//! Session keys are in none of these: they end with a session that ends by being left alone, so each is looked up at each use.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, KeyId, PolicyId, ResourceId};

/// What may be verified differently from now on. In the database it is JSON: `"everything"`, `{"key":12}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// All keys.
    Everything,
    /// This key.
    Key(KeyId),
    /// All keys of this account.
    Owner(AccountId),
    /// All keys whose rights come from this policy: their own, or one of their owner's.
    Policy(PolicyId),
    /// All keys that are bound to this resource, and all questions about it.
    Resource(ResourceId),
}

/// Changes of one transaction that are told one by one.
const MOST: usize = 2_000;

/// The same changes, each once. A change of everything stands for all of them, and for very many.
pub fn merged(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_unstable();
    changes.dedup();
    if changes.first() == Some(&Change::Everything) || changes.len() > MOST {
        return vec![Change::Everything];
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_once_and_everything_stands_for_all() {
        let (one, two) = (Change::Key(KeyId(1)), Change::Owner(AccountId(2)));
        assert_eq!(merged(vec![two, one, one, two]), [one, two]);
        assert_eq!(merged(vec![two, Change::Everything, one]), [Change::Everything]);
        assert_eq!(merged(vec![]), []);
        let keys = |number| (0..number).map(|id| Change::Key(KeyId(id))).collect::<Vec<_>>();
        assert_eq!(merged(keys(2_000)), keys(2_000));
        assert_eq!(merged(keys(2_001)), [Change::Everything]);
    }

    #[test]
    fn changes_have_the_form_that_stands_in_the_database() {
        let changes = [Change::Everything, Change::Key(KeyId(12)), Change::Resource(ResourceId(3))];
        let text = r#"["everything",{"key":12},{"resource":3}]"#;
        assert_eq!(serde_json::to_string(&changes).unwrap(), text);
        assert_eq!(serde_json::from_str::<Vec<Change>>(text).unwrap(), changes);
    }
}
