//! A key as a row of a list for others than its owner.

use crate::actions::bulk::operations::fits;
use crate::actions::keys::browse::ListedKey;
use crate::domain::accounts::account::OwnerView;
use crate::domain::bulk::BulkOperation;
use crate::domain::time::clock::Timestamp;
use crate::web::key_query::PATH;
use crate::web::key_view::KeyView;
use crate::web::labels::numbers::number;

/// A key with its owner.
pub struct KeyRow {
    /// The key as it reads.
    pub view: KeyView,
    /// Whose it is.
    pub owner: OwnerView,
    /// Who made it.
    pub made_by: Option<OwnerView>,
    /// Who disabled it.
    pub disabled_by: Option<OwnerView>,
    /// Who revoked it.
    pub revoked_by: Option<OwnerView>,
}

impl KeyRow {
    /// The row of a key in a list that was made at this moment.
    pub fn new(listed: ListedKey, now: Timestamp) -> Self {
        let ListedKey { key, owner, access, made_by, disabled_by, revoked_by } = listed;
        Self { view: KeyView { key, access, now }, owner, made_by, disabled_by, revoked_by }
    }

    /// An account that did something to the key, or Claviger itself.
    pub fn who(account: &Option<OwnerView>) -> &str {
        account.as_ref().map_or("Claviger", |account| &account.display_name)
    }

    /// The words of what can be done to it, with spaces between them.
    pub fn operation_words(&self) -> String {
        self.operations().into_iter().map(BulkOperation::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The path of its page for administrators.
    pub fn path(&self) -> String {
        format!("{PATH}/{}", self.view.key.first_eight)
    }

    /// How often it was used, as people read it.
    pub fn uses(&self) -> String {
        number(self.view.key.use_count)
    }

    /// What can be done to it.
    pub fn operations(&self) -> Vec<BulkOperation> {
        let status = self.view.key.status(self.view.now);
        BulkOperation::CHOICES.into_iter().filter(|operation| fits(*operation, status)).collect()
    }
}
