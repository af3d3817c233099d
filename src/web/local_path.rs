//! Where to go after signing in: a path of ours, never another site (docs/rules.md, W7).

/// A path on this server, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Accepts `/…` that no browser could read as another host: no `//`, no backslash (browsers take it for a slash),
    /// no control characters (browsers drop them), plain or percent-encoded.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let path = lower.split(['?', '#']).next().unwrap_or_default();
        let encoded = ["%2f", "%5c", "%00", "%09", "%0a", "%0d"].iter().any(|bad| path.contains(bad));
        let good = text.len() <= 512
            && text.starts_with('/')
            && !path.contains("//")
            && !text.contains('\\')
            && !encoded
            && text.bytes().all(|b| b.is_ascii_graphic());
        good.then(|| Self(text.to_owned()))
    }

    /// `/`
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::LocalPath;

    #[test]
    fn only_own_paths_are_accepted() {
        for good in ["/", "/account", "/external-tool-access?show=ended", "/a?next=%2Fb", "/x?u=https://y"] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "account",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            "/\r\nSet-Cookie: a=b",
            "https://evil.example",
            "https:evil.example",
            "HTTPS://evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%5cevil.example",
            "/%09/evil.example",
            "%2f%2fevil.example",
            "/x//evil.example",
            "/a/../../b\\c",
            "user@evil.example",
            "//user@evil.example",
            " /account",
            "/account ",
            "/é",
            "\u{0}/a",
            "/%0d%0aSet-Cookie:x",
            "http:/evil.example",
            "?next=x",
            "#x",
            "./x",
            "../x",
            "/%00x",
            "////",
            "/\u{2028}x",
            ".evil.example",
            "@evil.example",
        ] {
            assert!(LocalPath::parse(bad).is_none(), "{bad:?}");
        }
        assert!(LocalPath::parse(&format!("/{}", "a".repeat(600))).is_none());
    }
}
