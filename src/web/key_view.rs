//! How a key reads on pages: its state in words, its moments seen from now.

use crate::domain::keys::api_key::{ApiKey, Status};
use crate::domain::rights::{AccessView, GrantView};
use crate::domain::time::clock::Timestamp;

/// A key as pages show it.
#[derive(Debug, Clone)]
pub struct KeyView {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// The moment at which the page is made.
    pub now: Timestamp,
}

impl KeyView {
    /// For the owner: "Same as your account", the name of its policy; empty for a list of scopes.
    pub fn access_for_owner(&self) -> &str {
        match &self.access.grant {
            GrantView::Everything => "Same as your account",
            GrantView::Scopes(_) => "",
            GrantView::Policy(name) => name,
        }
    }

    /// The name of its policy, if it carries one.
    pub fn policy(&self) -> Option<&str> {
        if let GrantView::Policy(name) = &self.access.grant { Some(name) } else { None }
    }

    /// Does it do what its owner may?
    pub fn inherits(&self) -> bool {
        self.access.grant == GrantView::Everything
    }

    /// For others: "As owner", "3 scopes", the name of its policy.
    pub fn access_for_others(&self) -> String {
        match &self.access.grant {
            GrantView::Everything => "As owner".into(),
            GrantView::Scopes(scopes) if scopes.len() == 1 => scopes[0].clone(),
            GrantView::Scopes(scopes) => format!("{} scopes", scopes.len()),
            GrantView::Policy(name) => name.clone(),
        }
    }

    /// The word, and what the stylesheet and the icon go by: active, expiring, expired, disabled, revoked.
    pub fn state(&self) -> &'static str {
        if self.key.is_expiring(self.now) { "expiring" } else { self.key.status(self.now).as_str() }
    }

    /// The word with a capital letter.
    pub fn state_word(&self) -> &'static str {
        match self.state() {
            "expiring" => "Expiring",
            "expired" => "Expired",
            "disabled" => "Disabled",
            "revoked" => "Revoked",
            _ => "Active",
        }
    }

    /// The icon beside the word.
    pub fn state_icon(&self) -> &'static str {
        match self.state() {
            "expiring" => "hourglass-low",
            "expired" => "clock-exclamation",
            "disabled" => "player-pause",
            "revoked" => "ban",
            _ => "circle-check",
        }
    }

    /// Works or could work again: neither revoked nor expired.
    pub fn is_current(&self) -> bool {
        self.key.revoked.is_none() && !self.key.is_past_expiry(self.now)
    }

    /// May it be rotated?
    pub fn is_active(&self) -> bool {
        self.key.status(self.now) == Status::Active
    }

    /// Was it revoked?
    pub fn is_revoked(&self) -> bool {
        self.key.revoked.is_some()
    }

    /// Expired, and not revoked before.
    pub fn is_expired(&self) -> bool {
        self.key.status(self.now) == Status::Expired
    }

    /// Is it paused, and not ended?
    pub fn is_disabled(&self) -> bool {
        self.key.status(self.now) == Status::Disabled
    }

    /// "in 11 days" for an end within 14 days, else nothing.
    pub fn ends_soon(&self) -> String {
        match self.key.expires_at {
            Some(at) if self.key.is_expiring(self.now) => at.ahead(self.now),
            _ => String::new(),
        }
    }

    /// "Revoked on 2026-12-01 02:00 UTC", "Expired on …"; empty for a key that has not ended.
    pub fn ended(&self) -> String {
        match (&self.key.revoked, self.key.expires_at) {
            (Some(stop), _) => format!("Revoked on {} UTC", stop.at.minute()),
            (None, Some(at)) if at <= self.now => format!("Expired on {} UTC", at.minute()),
            _ => String::new(),
        }
    }

    /// "in 90 days"; empty for a key that never expires or has expired.
    pub fn ends_in(&self) -> String {
        self.key.expires_at.map(|at| at.ahead(self.now)).unwrap_or_default()
    }

    /// "9 h ago"; "Never used".
    pub fn last_used(&self) -> String {
        self.key.last_use.as_ref().map_or_else(|| "Never used".to_owned(), |latest| latest.at.ago(self.now))
    }

    /// "last used 9 h ago from 10.20.4.17"; "never used".
    pub fn last_use_in_words(&self) -> String {
        match &self.key.last_use {
            Some(latest) => format!("last used {} from {}", latest.at.ago(self.now).to_lowercase(), latest.address),
            None => "never used".to_owned(),
        }
    }

    /// The path of its page.
    pub fn path(&self) -> String {
        format!("/external-tool-access/keys/{}", self.key.first_eight)
    }
}
