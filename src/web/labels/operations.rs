//! Bulk operations in words, one row each.

use crate::domain::bulk::BulkOperation;

/// What pages say of an operation.
struct Row {
    label: &'static str,
    running: &'static str,
    done: &'static str,
    icon: &'static str,
    /// `{until}` is the day until which it can be undone.
    effect: &'static str,
}

const fn row(label: &'static str, running: &'static str, done: &'static str, icon: &'static str) -> Row {
    Row { label, running, done, icon, effect: "" }
}

impl Row {
    const fn with_effect(self, effect: &'static str) -> Self {
        Self { effect, ..self }
    }
}

const fn words(operation: BulkOperation) -> Row {
    use BulkOperation as B;
    match operation {
        B::Delete => row("Delete", "Deleting", "deleted", "trash")
            .with_effect("Tools that use them are refused at once. You can restore them until {until}."),
        B::Disable => row("Disable", "Disabling", "disabled", "player-pause")
            .with_effect("Tools that use them are refused until they are enabled. You can undo this until {until}."),
        B::Enable => row("Enable", "Enabling", "enabled", "circle-check").with_effect(
            "Tools that use them are accepted again, unless a key has expired or its owner is deactivated. You can undo this until {until}.",
        ),
        B::Restore => row("Restore", "Restoring", "restored", "history").with_effect(
            "They work again as they did before they were deleted, unless they have expired meanwhile. A key whose name is taken gets a new one.",
        ),
        B::Expire => row("Shorten expiry", "Setting the expiry of", "set to expire sooner", "clock-hour-4")
            .with_effect("No key is extended: one that ends earlier is left as it is. You can undo this until {until}."),
        B::Undo => row("Undo", "Restoring", "restored", "history"),
        B::Shorten => row(
            "Shorten",
            "Applying the lifetime rules to",
            "given an earlier end by the lifetime rules",
            "clock-hour-4",
        ),
        B::DisableUnused => row("Disable unused", "Disabling unused", "disabled because they were unused", "player-pause"),
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
    /// What it means for tools, and until which day it can be undone; empty where nobody confirms it by itself.
    fn effect(self, until: &str) -> String;
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

    fn effect(self, until: &str) -> String {
        words(self).effect.replace("{until}", until)
    }

    fn is_destructive(&self) -> bool {
        *self == Self::Delete
    }
}
