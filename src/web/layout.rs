//! The frame around a page of somebody who is signed in.

use crate::domain::accounts::account::Account;
use crate::domain::bulk::Job;
use crate::web::flash::Flash;
use crate::web::labels::jobs;
use crate::web::labels::numbers::number;
use crate::web::paths;
use crate::web::sessions;
use crate::web::signed_in::SignedIn;

/// The page that is open, for the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// External Tool Access and what lies below it.
    Keys,
    /// Resources that the person administers.
    OwnResources,
    /// No page of the navigation: an error.
    Nowhere,
    /// How keys are used, and what to do when one is refused.
    Help,
    /// Refused keys, by reason, key and address.
    Refusals,
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
    Diagnose,
}

/// The frame of a page for somebody who is signed in.
pub struct Layout {
    /// Who.
    pub account: Account,
    /// The token for the page's forms.
    pub csrf: String,
    /// What was done before.
    pub flash: Option<Flash>,
    /// Where we are.
    pub nav: Nav,
    /// Is the person an administrator of resources?
    pub administers_resources: bool,
    /// What the organisation calls this server; may be empty.
    pub site_name: String,
    /// Bulk changes that go on, and own ones that ended a short while ago.
    pub work: Vec<Work>,
}

/// A bulk change at hand, as the navigation shows it.
pub struct Work {
    /// "Deleting 214 API keys", "214 API keys deleted".
    pub heading: String,
    /// The path of its page.
    pub path: String,
    /// "128 of 214", while it goes on.
    pub progress: Option<String>,
    /// The path to POST to for undoing it, where it can be undone.
    pub undo: Option<String>,
}

impl Work {
    fn of(job: &Job) -> Self {
        let going = || format!("{} of {}", number(job.done), number(job.total));
        Self {
            heading: jobs::heading(job),
            path: paths::job(job.id),
            progress: (!job.is_over()).then(going),
            undo: jobs::is_undoable(job).then(|| format!("{}/undo", paths::job(job.id))),
        }
    }
}

impl Layout {
    /// The frame, with the message that was left for this page.
    pub fn new(user: &SignedIn, nav: Nav) -> Self {
        Self { flash: Flash::take(&user.session), ..Self::for_secret(user, nav) }
    }

    /// The frame of an answer that shows a secret: it takes no message, so that nothing has to be written after the secret
    /// was made, and nothing can keep it from being shown.
    pub fn for_secret(user: &SignedIn, nav: Nav) -> Self {
        Self {
            account: user.account.clone(),
            csrf: sessions::form_token(&user.session).unwrap_or_default(),
            flash: None,
            nav,
            administers_resources: user.administers_resources,
            site_name: user.settings.site_name.clone(),
            work: user.work.iter().map(Work::of).collect(),
        }
    }

    /// For `aria-current`.
    pub fn is_at(&self, nav: Nav) -> bool {
        self.nav == nav
    }

    /// How many bulk changes go on.
    pub fn running(&self) -> usize {
        self.work.iter().filter(|work| work.progress.is_some()).count()
    }
}
