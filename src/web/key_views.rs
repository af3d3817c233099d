//! Lists of keys that come with the program, and links to lists.

use url::form_urlencoded::Serializer;

use crate::web::paths::KEYS;

/// A list of keys that comes with the program: what people read, and its query string.
pub struct View {
    /// What people read.
    pub name: &'static str,
    /// The word in `view=`.
    pub word: &'static str,
    query: &'static str,
}

/// The views that come with the program. The first is what opens without a query.
pub const VIEWS: [View; 9] = [
    View { name: "Current keys", word: "current", query: "status~in=active;expiring;disabled" },
    View { name: "All keys", word: "all", query: "" },
    View { name: "Expiring soon", word: "expiring", query: "status~in=expiring&sort=expires_at" },
    View {
        name: "Never used",
        word: "never-used",
        query: "status~in=active;expiring&latest_activity~isblank=&sort=created_at",
    },
    View {
        name: "Unused for 90 days",
        word: "unused",
        query: "status~in=active;expiring&latest_activity~older=90&sort=latest_activity",
    },
    View { name: "No expiry date", word: "no-expiry", query: "status~in=active&expires_at~isblank=" },
    View { name: "Service keys", word: "service", query: "owner_type~in=service&status~in=active;expiring;disabled" },
    View { name: "Expired and revoked", word: "ended", query: "status~in=expired;revoked&sort=-status" },
    View { name: "Disabled", word: "disabled", query: "status~in=disabled&sort=status" },
];

impl View {
    /// The value of the only condition of the first view.
    fn query_value(&self) -> &'static str {
        self.query.split_once('=').map_or("", |(_, value)| value)
    }

    /// Its link.
    pub fn path(&self) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("{KEYS}?{}{separator}view={}", self.query, self.word)
    }
}

/// The path of the live keys of which one column is this.
pub fn live_keys_path(column: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace(';', "\\;");
    let mut query = Serializer::new(String::new());
    query.append_pair(&format!("{column}~in"), &value).append_pair("status~in", VIEWS[0].query_value());
    format!("{KEYS}?{}", query.finish().replace("%7E", "~").replace("%3B", ";"))
}
