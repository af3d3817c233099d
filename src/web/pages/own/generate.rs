//! Generate API Key: the form, and the one answer that shows the secret.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::actions::App;
use crate::actions::rights::grants::GrantOptions;
use crate::domain::field_error::FieldError;
use crate::domain::keys::api_key::Listing;
use crate::domain::keys::lifetime::LifetimeRule;
use crate::domain::keys::secret::FirstEight;
use crate::domain::text;
use crate::domain::time::span;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::issue::access_fields::Purpose;
use crate::web::issue::generate_dialog::{GenerateDialog, Offer};
use crate::web::issue::new_key::NewKey;
use crate::web::issue::reveal::Reveal;
use crate::web::issue::{self, IssuePage, Refused};
use crate::web::layout::{Layout, Nav};
use crate::web::pages::own::external_tool_access::{Dialog, KeysPage};

/// What a link fills in: all of a key like another one, or what the documentation of a tool asks for, such as
/// `?name=RStudio&scopes=read:data&expires=30d`. It only opens the form.
#[derive(Default, Deserialize)]
pub struct Prefilled {
    #[serde(default)]
    like: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    note: String,
    /// Names separated by spaces or commas.
    #[serde(default)]
    scopes: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    resource: String,
    /// Such as `30d`.
    #[serde(default)]
    expires: String,
}

impl Prefilled {
    /// The form, and what of the link the person cannot have.
    fn entered(&self, offer: &GrantOptions, rule: &LifetimeRule) -> (NewKey, Vec<FieldError>) {
        let names = self.scopes.split([' ', ',']).filter(|name| !name.is_empty()).take(100);
        let offered = |name: &&str| offer.permissions.iter().any(|permission| permission.name.as_str() == *name);
        let (scope, missing): (Vec<&str>, Vec<&str>) = names.partition(offered);
        let has_policy = offer.policies.contains(&self.policy);
        let mut field_errors = Vec::new();
        if !missing.is_empty() {
            let names = text::excerpt(&missing.join(", "), 200);
            let text =
                format!("The link asks for {names}, which you do not have. Ask an administrator, or go on without");
            field_errors.push(FieldError::new("scopes", text));
        }
        if !self.policy.is_empty() && !has_policy {
            field_errors
                .push(FieldError::new("policy", "The link asks for a policy that you do not hold. Choose another"));
        }
        let (asked, longest) = (span::parse(&self.expires), rule.longest_span);
        let mut expires_in = String::new();
        let expires = match asked {
            _ if self.expires.trim().is_empty() => String::new(),
            Some(asked) if asked > longest => {
                let (asked, longest) = (span::words(asked), span::words(longest));
                let text = format!("The link asks for {asked}, and the longest allowed is {longest}");
                field_errors.push(FieldError::new("expires", text));
                rule.presets().last().copied().map(LifetimeRule::choice).unwrap_or_default()
            }
            Some(asked) => {
                let preset = rule.presets().into_iter().find(|span| *span == asked);
                if preset.is_none() {
                    self.expires.trim().clone_into(&mut expires_in);
                }
                preset.map_or_else(|| "other".into(), LifetimeRule::choice)
            }
            None => {
                field_errors.push(FieldError::new("expires", "The link’s expiry cannot be read. Choose one"));
                String::new()
            }
        };
        let access = if !scope.is_empty() || !missing.is_empty() {
            "scopes"
        } else if has_policy {
            "policy"
        } else {
            ""
        };
        let entered = NewKey {
            name: self.name.clone(),
            note: self.note.clone(),
            access: access.into(),
            scope: scope.into_iter().map(str::to_owned).collect(),
            policy: if has_policy { self.policy.clone() } else { String::new() },
            resource: self.resource.clone(),
            expires,
            expires_in,
            ..NewKey::default()
        };
        (entered, field_errors)
    }
}

/// `GET /external-tool-access/generate`
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    user: SignedIn,
    link: web::Query<Prefilled>,
) -> Result<HttpResponse, PageError> {
    let (entered, field_errors) = if let Some(first_eight) = FirstEight::parse(&link.like) {
        let like = app.own_key(user.actor.owner()?, &first_eight).await?;
        (NewKey::like(&like.key, &like.access), Vec::new())
    } else {
        let own = app.own_keys(user.actor.owner()?, Listing::Current).await?;
        link.entered(&own.offer, &own.rule)
    };
    let refused = Refused { field_errors: FieldErrors(field_errors), ..Refused::default() };
    Ok(html::page(&with_form(&request, &app, &user, entered, refused).await?))
}

/// `POST /external-tool-access/generate`
pub async fn generate(
    request: HttpRequest,
    app: web::Data<App>,
    Form(mut user, form): Form<SignedIn, NewKey>,
) -> Result<HttpResponse, PageError> {
    let mut entered = form;
    let present = std::mem::take(&mut entered.present);
    let proved = user.prove(&app, present).await;
    let page = KeysPage::load(&request, &app, &user, Layout::for_secret(&user, Nav::Keys), Listing::Current).await?;
    let issued = match proved.and_then(|()| entered.parse()) {
        Ok(wanted) => app.generate_key(user.actor.owner()?, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(issue::answer(page, &app, issued)),
        Err(error) => {
            let error = app.with_all_field_errors(user.actor.owner()?, entered.readable(), error).await?;
            let refused = Refused::by(error)?;
            Ok(refused.answer(&with_form(&request, &app, &user, entered, refused.clone()).await?))
        }
    }
}

impl IssuePage for KeysPage {
    fn done(&self) -> String {
        Self::PATH.into()
    }

    fn reveal(&mut self, reveal: Reveal) {
        self.add(reveal.view.clone());
        self.dialog =
            Dialog::Reveal(Box::new(Reveal { snippets: Some(self.snippets()), waits: self.lists(), ..reveal }));
    }

    fn shown_before(&mut self, first_eight: FirstEight) {
        self.dialog = Dialog::ShownBefore(first_eight);
    }
}

async fn with_form(
    request: &HttpRequest,
    app: &App,
    user: &SignedIn,
    entered: NewKey,
    refused: Refused,
) -> Result<KeysPage, PageError> {
    let layout = Layout::new(user, Nav::Keys);
    let mut page = KeysPage::load(request, app, user, layout, Listing::Current).await?;
    let offer = Offer { grants: page.offer(), purpose: Purpose::Own, rule: page.rule(), over: KeysPage::PATH.into() };
    let refused = refused.or(|| page.refusal());
    page.dialog = Dialog::Generate(Box::new(GenerateDialog::new(app, offer, entered, refused)));
    Ok(page)
}
