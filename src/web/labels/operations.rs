//! Bulk operations in words, one row each.

use crate::domain::bulk::BulkOperation;

/// What pages say of an operation.
struct Row {
    label: &'static str,
    running: &'static str,
    done: &'static str,
    icon: &'static str,
}

const fn row(label: &'static str, running: &'static str, done: &'static str, icon: &'static str) -> Row {
    Row { label, running, done, icon }
}

const fn words(operation: BulkOperation) -> Row {
    use BulkOperation as B;
    match operation {
        B::Delete => row("Delete", "Deleting", "deleted", "trash"),
        B::Disable => row("Disable", "Disabling", "disabled", "player-pause"),
        B::Enable => row("Enable", "Enabling", "enabled", "circle-check"),
        B::Restore => row("Restore", "Restoring", "restored", "history"),
        B::Expire => row("Shorten expiry", "Setting the expiry of", "set to expire sooner", "clock-hour-4"),
        B::Undo => row("Undo", "Restoring", "restored", "history"),
        B::Shorten => row(
            "Shorten",
            "Applying the lifetime rules to",
            "given an earlier end by the lifetime rules",
            "clock-hour-4",
        ),
        B::Idle => row("Disable unused", "Disabling unused", "disabled because they were unused", "player-pause"),
        B::GivePolicy => row("Give another policy", "Giving another policy to", "given another policy", "shield-lock"),
        B::Transfer => row("Transfer", "Transferring", "transferred to another owner", "users"),
    }
}

/// The words of an operation, for pages and templates.
pub trait OperationLabels {
    /// What a button says, without what it is done to.
    fn label(self) -> &'static str;
    /// "Deleting", of 214 API keys.
    fn running(self) -> &'static str;
    /// "deleted", of 214 API keys.
    fn done(self) -> &'static str;
    /// The icon beside the label.
    fn icon(self) -> &'static str;
    /// Does it take something away from people?
    fn is_destructive(&self) -> bool;
}

impl OperationLabels for BulkOperation {
    fn label(self) -> &'static str {
        words(self).label
    }

    fn running(self) -> &'static str {
        words(self).running
    }

    fn done(self) -> &'static str {
        words(self).done
    }

    fn icon(self) -> &'static str {
        words(self).icon
    }

    fn is_destructive(&self) -> bool {
        *self == Self::Delete
    }
}
