//! What pages share: the frame around them, and how a key reads on them.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::StatusCode;
use askama::Template;

use super::access::SignedIn;
use super::flash::Flash;
use super::sessions;
use crate::domain::api_key::{ApiKey, Status};
use crate::domain::clock::Moment;
use crate::domain::mistake::Mistake;
use crate::domain::user::{Account, Appearance};

/// The page that is open, for the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// External Tool Access and what lies below it.
    Keys,
    /// Account settings.
    Account,
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
}

impl Shell {
    /// The frame, with the message that was left for this page.
    pub fn new(user: &SignedIn, nav: Nav) -> Self {
        Self {
            account: user.account.clone(),
            csrf: sessions::form_token(&user.session).unwrap_or_default(),
            flash: Flash::take(&user.session),
            nav,
        }
    }

    /// For `aria-current`.
    pub fn is_at(&self, nav: Nav) -> bool {
        self.nav == nav
    }
}

/// A page.
pub fn page(template: &impl Template) -> HttpResponse {
    body(HttpResponse::Ok(), template)
}

/// A page whose form has mistakes.
pub fn invalid(template: &impl Template) -> HttpResponse {
    body(HttpResponse::build(StatusCode::UNPROCESSABLE_ENTITY), template)
}

/// Fills a response with a page.
pub fn body(mut response: HttpResponseBuilder, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => response.content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "A page could not be rendered.");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser to another page after a change.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((actix_web::http::header::LOCATION, path)).finish()
}

const APPEARANCE: &str = "claviger_appearance";

/// The colours for a page of somebody who is not signed in.
pub fn appearance_cookie(request: &HttpRequest) -> Appearance {
    request.cookie(APPEARANCE).and_then(|cookie| Appearance::from_word(cookie.value())).unwrap_or_default()
}

/// Remembers the colours for the sign-in page.
pub fn remember_appearance(response: &mut HttpResponse, appearance: Appearance, https: bool) {
    let cookie = Cookie::build(APPEARANCE, appearance.word())
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::warn!(%error, "The appearance was not remembered.");
    }
}

/// The mistakes of a form, for its summary and its fields.
#[derive(Debug, Clone, Default)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// The mistake of one field; empty when it is right.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|mistake| mistake.field == field).map_or("", |mistake| mistake.text.as_str())
    }
}

/// A key as pages show it.
#[derive(Debug, Clone)]
pub struct KeyView {
    /// The key.
    pub key: ApiKey,
    /// The moment at which the page is made.
    pub now: Moment,
}

impl KeyView {
    /// The word, and what the stylesheet and the icon go by: active, expiring, expired, disabled, revoked.
    pub fn state(&self) -> &'static str {
        if self.key.is_expiring(self.now) { "expiring" } else { self.key.status(self.now).word() }
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
