//! Why a key was refused, in words: one place for the pages of owners and administrators.

use crate::domain::verdict::Refusal;

/// The name of a reason, as lists have it.
pub fn label(reason: Refusal) -> &'static str {
    match reason {
        Refusal::Unknown => "No such key",
        Refusal::Revoked => "Revoked",
        Refusal::Expired => "Expired",
        Refusal::Disabled => "Disabled",
        Refusal::Replaced => "Old secret after its grace period",
        Refusal::OwnerInactive => "Owner deactivated",
        Refusal::PolicyDeleted => "Policy deleted",
        Refusal::KeysNotAccepted => "API keys not accepted",
        Refusal::FormNotAccepted => "Form of the key not accepted",
        Refusal::MissingPermission => "Permission missing",
        Refusal::OtherResource => "Other resource",
    }
}

/// What is true of a key now, and what to do, as a sentence.
pub fn now(reason: Refusal) -> String {
    said(reason, "", ("is", "has"))
}

/// What was true when a key was refused, and what to do; `asked` is what was asked of it, where that was the reason.
pub fn then(reason: Refusal, asked: &str) -> String {
    said(reason, asked, ("was", "had"))
}

fn said(reason: Refusal, asked: &str, (is, has): (&str, &str)) -> String {
    match reason {
        Refusal::Unknown => "No key has this secret.".into(),
        Refusal::Revoked => format!("The key {is} revoked. An administrator can restore it until it is purged."),
        Refusal::Expired => format!("The key {has} expired. Generate a new one like it."),
        Refusal::Disabled => format!("The key {is} disabled. It works again when it is enabled."),
        Refusal::Replaced => {
            format!("A rotation replaced this secret, and its grace period {is} over. The tool needs the new one.")
        }
        Refusal::OwnerInactive => format!("The owner of the key {is} deactivated."),
        Refusal::PolicyDeleted => {
            format!("The policy of the key {is} deleted. Give it other access, or restore the policy.")
        }
        Refusal::KeysNotAccepted => format!("The use of all API keys {is} turned off on this server."),
        Refusal::FormNotAccepted => {
            "The tool sent the key in a form that this server does not accept. Send it as Authorization: Bearer.".into()
        }
        Refusal::MissingPermission if asked.is_empty() => {
            "The key did not have the permissions that were asked for.".into()
        }
        Refusal::OtherResource if asked.is_empty() => {
            "The key was not good for the resource that was asked for.".into()
        }
        Refusal::MissingPermission => format!("The key was asked for {asked}, and did not have it."),
        Refusal::OtherResource => format!("The key was asked for {asked}, and is not good for that resource."),
    }
}

/// [`then`] for the word of a reason, as the database has it.
pub fn of_word(word: &str, asked: &str) -> String {
    word.parse::<Refusal>().ok().map_or_else(|| word.to_owned(), |reason| then(reason, asked))
}
