//! The frame around a page of somebody who is signed in.

use super::access::SignedIn;
use super::flash::Flash;
use super::sessions;
use crate::domain::user::Account;

/// The page that is open, for the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// External Tool Access and what lies below it.
    Keys,
    /// Resources that the person looks after.
    LookedAfter,
    /// Account settings.
    Account,
    /// Every key of every owner, and bulk work on them.
    AdminKeys,
    /// Changes to many keys at once.
    Jobs,
    /// How long keys may live.
    LifetimeRules,
    /// Site settings.
    Settings,
    /// People.
    Users,
    /// Owners of server keys.
    ServiceAccounts,
    /// Named sets of permissions.
    Policies,
    /// What can be done, by service.
    Permissions,
    /// What keys can be bound to.
    Resources,
    /// What was done by whom.
    AuditLog,
    /// Numbers.
    Overview,
    /// "Why was this key refused?"
    WhyRefused,
}

/// The frame of a page for somebody who is signed in.
pub struct Shell {
    /// Who.
    pub account: Account,
    /// The token for the page's forms.
    pub csrf: String,
    /// What was done before.
    pub flash: Option<Flash>,
    /// Where we are.
    pub nav: Nav,
    /// Does the person look after resources?
    pub looks_after: bool,
}

impl Shell {
    /// The frame, with the message that was left for this page.
    pub fn new(user: &SignedIn, nav: Nav) -> Self {
        Self {
            account: user.account.clone(),
            csrf: sessions::form_token(&user.session).unwrap_or_default(),
            flash: Flash::take(&user.session),
            nav,
            looks_after: user.looks_after,
        }
    }

    /// The frame of an answer that shows a secret: it takes no message, so that nothing has to be written after the secret
    /// was made, and nothing can keep it from being shown.
    pub fn for_secret(user: &SignedIn, nav: Nav) -> Self {
        Self {
            account: user.account.clone(),
            csrf: sessions::form_token(&user.session).unwrap_or_default(),
            flash: None,
            nav,
            looks_after: user.looks_after,
        }
    }

    /// For `aria-current`.
    pub fn is_at(&self, nav: Nav) -> bool {
        self.nav == nav
    }
}
