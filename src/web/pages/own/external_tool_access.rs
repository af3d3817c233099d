//! External Tool Access: a person's own keys, and how to use one. The dialogs that make a key show over this page.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::App;
use crate::actions::keys::own_keys::OwnKeys;
use crate::actions::rights::grants::GrantOptions;
use crate::domain::ids::KeyId;
use crate::domain::keys::api_key::ApiKey;
use crate::domain::keys::api_key::Listing;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::AccessView;
use crate::domain::time::clock::Timestamp;
use crate::domain::time::span;
use crate::web::access::{self, SignedIn};
use crate::web::client::browser_name;
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::GenerateDialog;
use crate::web::issue::reveal::Reveal;
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::snippets::Snippets;

/// The page.
#[derive(Template)]
#[template(path = "pages/own/external_tool_access.html")]
pub struct KeysPage {
    layout: Layout,
    own: OwnKeys,
    keys: Vec<KeyView>,
    listing: Listing,
    snippets: Snippets,
    /// Makes the answer to the form for a session key unique.
    form_id: String,
    /// What is open over the page.
    pub dialog: Dialog,
}

/// What is open over the page.
pub enum Dialog {
    /// Nothing.
    None,
    /// The form for a new key.
    Generate(Box<GenerateDialog>),
    /// A secret, this once.
    Reveal(Box<Reveal>),
    /// The form was answered before.
    ShownBefore(FirstEight),
}

/// Which list.
#[derive(Deserialize)]
pub struct Show {
    #[serde(default)]
    show: String,
}

/// `GET /external-tool-access`
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    user: SignedIn,
    show: web::Query<Show>,
) -> Result<HttpResponse, PageError> {
    let listing = if show.show == "ended" { Listing::Ended } else { Listing::Current };
    let layout = Layout::new(&user, Nav::Keys);
    Ok(html::page(&KeysPage::load(&request, &app, &user, layout, listing).await?))
}

fn view(key: &ApiKey, access: &HashMap<KeyId, AccessView>, now: Timestamp) -> KeyView {
    KeyView { key: key.clone(), access: access.get(&key.id).cloned().unwrap_or(AccessView::inherited()), now }
}

impl KeysPage {
    /// Its path.
    pub const PATH: &str = "/external-tool-access";

    /// The page with nothing open over it.
    pub async fn load(
        request: &HttpRequest,
        app: &App,
        user: &SignedIn,
        layout: Layout,
        listing: Listing,
    ) -> Result<Self, PageError> {
        let own = app.own_keys(user.actor.owner()?, listing).await?;
        let now = app.now();
        let place = access::place(request)?;
        Ok(Self {
            layout,
            keys: own.keys.iter().map(|key| view(key, &own.access, now)).collect(),
            own,
            listing,
            snippets: Snippets::new(&place),
            form_id: app.new_form_id(),
            dialog: Dialog::None,
        })
    }

    /// Puts a key that was made after the page was loaded on top of the list.
    pub fn add(&mut self, view: KeyView) {
        self.own.live += 1;
        self.keys.insert(0, view);
    }

    /// How to use a key, for this server.
    pub fn snippets(&self) -> Snippets {
        self.snippets.clone()
    }

    /// Are the person's keys listed?
    pub fn lists(&self) -> bool {
        self.own.lists()
    }

    /// The rule for new keys.
    pub fn rule(&self) -> LifetimeRule {
        self.own.rule.clone()
    }

    /// What a new key can be given.
    pub fn offer(&self) -> GrantOptions {
        self.own.offer.clone()
    }

    /// Why no key can be made now.
    pub fn refusal(&self) -> Option<String> {
        self.own.refusal()
    }

    fn shows_ended(&self) -> bool {
        self.listing == Listing::Ended
    }

    fn title(&self) -> &'static str {
        match self.dialog {
            Dialog::None => "External Tool Access",
            Dialog::Generate(_) => "Generate API Key · External Tool Access",
            Dialog::Reveal(_) => "Your new API key · External Tool Access",
            Dialog::ShownBefore(_) => "Already shown · External Tool Access",
        }
    }

    /// "4 of 20".
    fn live_of_limit(&self) -> String {
        match self.own.rule.keys_per_owner {
            0 => self.own.live.to_string(),
            limit => format!("{} of {limit}", self.own.live),
        }
    }

    /// "90 days by default, 365 days at most".
    fn lifetime(&self) -> String {
        let rule = &self.own.rule;
        let end = if rule.allow_never { ", or no expiry" } else { "" };
        format!("{} by default, {} at most{end}", span::words(rule.default_span), span::words(rule.longest_span))
    }

    /// Live keys that end soon.
    fn expiring(&self) -> usize {
        self.keys.iter().filter(|view| view.state() == "expiring").count()
    }
}
