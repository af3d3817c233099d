//! Events of the audit log in words.

use serde_json::Value;

/// Actions as people say them.
const ACTIONS: &[(&str, &str)] = &[
    ("site.set_up", "Site set up"),
    ("site.fill_demo", "Demo filled in"),
    ("session.sign_in", "Signed in"),
    ("session.sign_out", "Signed out"),
    ("session.confirm_password", "Password confirmed"),
    ("session.end", "Sessions ended"),
    ("user.create", "User added"),
    ("user.edit", "User changed"),
    ("user.set_password", "Password changed"),
    ("user.deactivate", "User deactivated"),
    ("user.activate", "User activated"),
    ("user.set_role", "Role changed"),
    ("user.make_link", "Sign-in link created"),
    ("user.set_policies", "Policies of a user changed"),
    ("user.delete", "User deleted"),
    ("key.generate", "Key generated"),
    ("key.edit", "Key changed"),
    ("key.disable", "Key disabled"),
    ("key.enable", "Key enabled"),
    ("key.rotate", "Key rotated"),
    ("key.revoke", "Key revoked"),
    ("key.refuse", "Key refused"),
    ("key.restore", "Key restored"),
    ("key.set_expiry", "Expiry changed"),
    ("key.purge", "Key purged"),
    ("key.export", "Keys exported"),
    ("key.transfer", "Key transferred"),
    ("attempt.refuse", "Attempt refused"),
    ("job.start", "Bulk change started"),
    ("job.finish", "Bulk change finished"),
    ("job.stop", "Bulk change stopped"),
    ("audit.purge", "Audit log purged"),
    ("audit.export", "Audit log exported"),
    ("rules.change", "Lifetime rules changed"),
    ("setting.change", "Setting changed"),
    ("policy.create", "Policy created"),
    ("policy.edit", "Policy changed"),
    ("policy.delete", "Policy deleted"),
    ("policy.restore", "Policy restored"),
    ("permissions.register", "Permissions registered"),
    ("permissions.retire", "Permission retired"),
    ("permissions.restore", "Permissions restored"),
    ("permissions.move", "Permissions moved to another service"),
    ("permissions.release", "Permission name released"),
    ("resource.register", "Resource registered"),
    ("resource.edit", "Resource changed"),
    ("resource.delete", "Resource removed"),
    ("resource.add_administrator", "Resource administrator added"),
    ("resource.remove_administrator", "Resource administrator removed"),
    ("resource_kind.edit", "Resource kind changed"),
    ("service_account.create", "Service account added"),
    ("service_account.edit", "Service account changed"),
    ("service_account.activate", "Service account activated"),
    ("service_account.deactivate", "Service account deactivated"),
    ("view.save", "View saved"),
    ("view.delete", "View deleted"),
];

/// What was done, as people say it; an action without words of its own keeps its own.
pub fn action(word: &str) -> &str {
    ACTIONS.iter().find(|(action, _)| *action == word).map_or(word, |(_, words)| words)
}

/// Who did it: strangers have no name.
pub fn actor(name: &str) -> &str {
    if name == "nobody" { "(not signed in)" } else { name }
}

/// The channel, as people say it.
pub fn channel(word: &str) -> &str {
    match word {
        "session" => "Browser",
        "key" => "API key",
        "cli" => "Command line",
        "system" => "Claviger",
        other => other,
    }
}

/// The details as pairs of a name and a value; a text that is no object is one value without a name.
pub fn details(text: &str) -> Vec<(String, String)> {
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return vec![(String::new(), text.to_owned())] };
    let pair = |(name, value): (String, Value)| (name.replace('_', " "), value_words(&value));
    members.into_iter().filter(|(_, value)| !value.is_null()).map(pair).collect()
}

fn value_words(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".into(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Null => "none".into(),
        Value::Array(all) if all.is_empty() => "none".into(),
        Value::Array(all) => all.iter().map(value_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Action;

    #[test]
    fn every_action_has_words() {
        for one in Action::ALL {
            assert_ne!(action(one.as_str()), one.as_str());
        }
    }

    #[test]
    fn details_are_told_and_no_json_is_left() {
        let pairs = details(r#"{"expires_at":null,"name":["a",""],"old_secret_ends":"x","own":true,"times":3}"#);
        let told: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(told, ["name: a, (empty)", "old secret ends: x", "own: yes", "times: 3"]);
        assert_eq!(details("odd"), [(String::new(), "odd".to_owned())]);
    }
}
