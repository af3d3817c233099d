//! Generate API Key: the form, and the one answer that shows the secret.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::actions::keys::request::{FormId, Issued, KeyRequest, New, Readable};
use crate::actions::rights::grants::GrantOptions;
use crate::actions::{App, Error};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::api_key::Listing;
use crate::domain::keys::api_key::{KeyName, KeyNote};
use crate::domain::keys::lifetime::{Expiry, LifetimeRule};
use crate::domain::keys::secret::FirstEight;
use crate::domain::text;
use crate::domain::time::span;
use crate::web::access::SignedIn;
use crate::web::errors::PageError;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_view::KeyView;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::access_fields::{AccessFields, Purpose};
use crate::web::pages::generate_dialog::{GenerateDialog, NewKey};
use crate::web::pages::own::external_tool_access::{Dialog, KeysPage};
use crate::web::pages::reveal::{Reveal, shown_once};

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
    Ok(html::page(&with_form(&request, &app, &user, entered, FieldErrors(field_errors), String::new()).await?))
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
    // Loaded before the key is made: nothing that could fail stands between the secret and the person.
    let page = KeysPage::load(&request, &app, &user, Layout::for_secret(&user, Nav::Keys), Listing::Current).await?;
    let issued = match proved.and_then(|()| parse(&entered)) {
        Ok(wanted) => app.generate_key(user.actor.owner()?, wanted).await,
        Err(error) => Err(error),
    };
    match issued {
        Ok(issued) => Ok(answer(page, &app, issued)),
        Err(Error::Invalid(field_errors)) => {
            let field_errors = app.all_field_errors(user.actor.owner()?, readable(&entered), field_errors).await?;
            Ok(html::invalid(
                &with_form(&request, &app, &user, entered, FieldErrors(field_errors), String::new()).await?,
            ))
        }
        Err(error @ (Error::Conflict(_) | Error::Forbidden(_))) => {
            let refusal = error.to_string();
            let page = with_form(&request, &app, &user, entered, FieldErrors::default(), refusal).await?;
            Ok(html::body(HttpResponse::Conflict(), &page))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form asks for, when it can be read.
pub fn parse(entered: &NewKey) -> Result<KeyRequest, Error> {
    let mut field_errors = Vec::new();
    let form = validate(&mut field_errors, FormId::parse(&entered.form));
    let name = validate(&mut field_errors, KeyName::parse(&entered.name));
    let note = validate(&mut field_errors, KeyNote::parse(&entered.note));
    let expiry = validate(&mut field_errors, Expiry::parse(&entered.expires, &entered.expires_on, &entered.expires_in));
    let wish = validate(&mut field_errors, entered.wish());
    let resource = validate(&mut field_errors, entered.resource());
    match (form, name, note, expiry, wish, resource) {
        (Some(form), Some(name), Some(note), Some(expiry), Some(wish), Some(resource)) => {
            Ok(KeyRequest { name, note, expiry, wish, resource, form, asking: None })
        }
        _ => Err(Error::Invalid(field_errors)),
    }
}

/// What of the form can be read.
pub fn readable(entered: &NewKey) -> Readable {
    Readable {
        name: KeyName::parse(&entered.name).ok(),
        expiry: Expiry::parse(&entered.expires, &entered.expires_on, &entered.expires_in).ok(),
        wish: entered.wish().ok(),
        resource: entered.resource().ok(),
    }
}

async fn with_form(
    request: &HttpRequest,
    app: &App,
    user: &SignedIn,
    entered: NewKey,
    field_errors: FieldErrors,
    refusal: String,
) -> Result<KeysPage, PageError> {
    let layout = Layout::new(user, Nav::Keys);
    let mut page = KeysPage::load(request, app, user, layout, Listing::Current).await?;
    let form_id = app.new_form_id();
    let refusal = if refusal.is_empty() { page.refusal() } else { refusal };
    page.dialog = Dialog::Generate(Box::new(GenerateDialog {
        form_id,
        fields: AccessFields {
            offer: page.offer(),
            chosen: entered.chosen(),
            field_errors: field_errors.clone(),
            purpose: Purpose::Own,
        },
        entered,
        field_errors,
        rule: page.rule(),
        now: app.now(),
        refusal,
        over: KeysPage::PATH.into(),
    }));
    Ok(page)
}

/// The page that shows the secret, or says that it was shown.
fn answer(mut page: KeysPage, app: &App, issued: Issued) -> HttpResponse {
    match issued {
        Issued::Now(new) => {
            let New { key, access, secret } = *new;
            let view = KeyView { key, access, now: app.now() };
            let (snippets, waits) = (Some(page.snippets()), page.lists());
            page.add(view.clone());
            let done = KeysPage::PATH.into();
            let reveal = Reveal { view, secret, old_until: None, snippets, waits, done };
            page.dialog = Dialog::Reveal(Box::new(reveal));
            shown_once(&page)
        }
        Issued::Before(first_eight) => {
            page.dialog = Dialog::ShownBefore(first_eight);
            html::body(HttpResponse::Conflict(), &page)
        }
    }
}
