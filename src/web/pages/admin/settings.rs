//! Site settings, and the two switches that concern everybody at once.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::settings::{Kind, Setting, Settings};
use crate::web::access::{Admin, Reauthenticated, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::{Form, Nothing};
use crate::web::html::{self, FieldErrors};
use crate::web::labels::numbers::words;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::user::Held;

const PATH: &str = "/admin/settings";

#[derive(Template)]
#[template(path = "pages/admin/settings.html")]
struct SettingsPage {
    layout: Layout,
    entered: Vec<(Setting, String)>,
    field_errors: FieldErrors,
    /// All policies, and whether every new person gets each.
    policies: Vec<(String, bool)>,
}

impl SettingsPage {
    async fn load(app: &App, user: &SignedIn) -> Result<Self, PageError> {
        let settings = app.settings().await?;
        let entered = Setting::all().map(|setting| (setting, settings.value(setting))).collect();
        let (given, all) = app.policies_of_new_people(user.actor.administrator()?).await?;
        let policies = all.into_iter().map(|name| (name.clone(), given.contains(&name))).collect();
        Ok(Self { layout: Layout::new(user, Nav::Settings), entered, field_errors: FieldErrors::default(), policies })
    }

    fn default_of(setting: &str) -> String {
        let setting = setting.parse::<Setting>().ok();
        setting.map(|setting| setting.in_words(&Settings::default().value(setting))).unwrap_or_default()
    }

    /// The unit of a number; nothing for other settings.
    fn unit(setting: Setting) -> &'static str {
        if let Kind::Number(.., unit) = setting.kind() { unit } else { "" }
    }

    fn is_number(setting: Setting) -> bool {
        matches!(setting.kind(), Kind::Number(..))
    }

    fn is_list(setting: Setting) -> bool {
        matches!(setting.kind(), Kind::Several(_))
    }

    /// Is this one of the chosen words of a list?
    fn has(value: &str, word: &str) -> bool {
        value.split(',').any(|one| one == word)
    }

    /// What is changed on its own page, with a question.
    fn is_sensitive(setting: &str) -> bool {
        [Setting::AllowCreation, Setting::AcceptKeys].iter().any(|sensitive| sensitive.name() == setting)
    }
}

/// "Stop accepting API keys?"
#[derive(Template)]
#[template(path = "pages/admin/switch.html")]
struct SwitchPage {
    layout: Layout,
    setting: Setting,
    on: bool,
    live: String,
}

impl SwitchPage {
    fn title(&self) -> &'static str {
        match (self.setting, self.on) {
            (Setting::AllowCreation, true) => "Stop new API keys?",
            (Setting::AllowCreation, false) => "Allow new API keys again?",
            (_, true) => "Stop accepting API keys?",
            (_, false) => "Accept API keys again?",
        }
    }

    fn effect(&self) -> String {
        match (self.setting, self.on) {
            (Setting::AllowCreation, true) => {
                format!(
                    "Nobody can generate or rotate a key, for users or for service accounts. {} existing keys keep working until they expire.",
                    self.live
                )
            }
            (Setting::AllowCreation, false) => {
                "Keys can be generated and rotated again, within the lifetime rules.".into()
            }
            (_, true) => format!(
                "Every tool that uses one of {} live keys is refused at once, until you turn this on again. Nothing is deleted.",
                self.live
            ),
            (_, false) => format!("{} live keys work again at once.", self.live),
        }
    }

    fn button(&self) -> &'static str {
        match (self.setting, self.on) {
            (Setting::AllowCreation, true) => "Stop new keys",
            (Setting::AllowCreation, false) => "Allow new keys",
            (_, true) => "Stop accepting keys",
            (_, false) => "Accept keys",
        }
    }

    fn is_destructive(&self) -> bool {
        self.on && self.setting == Setting::AcceptKeys
    }
}

/// `GET /admin/settings`
pub async fn page(app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    Ok(html::page(&SettingsPage::load(&app, &user).await?))
}

/// Refuses a field that is no setting of this form, and one that is there twice: passed over, a misspelt switch would read as off.
fn check(form: &[(String, String)]) -> Result<(), Error> {
    for (at, (name, _)) in form.iter().enumerate() {
        let known = name.parse::<Setting>().ok().is_some_and(|setting| !SettingsPage::is_sensitive(setting.name()));
        let is_list = name.parse::<Setting>().ok().is_some_and(|setting| matches!(setting.kind(), Kind::Several(_)));
        if !known || (!is_list && form[..at].iter().any(|(before, _)| before == name)) {
            let text = "The form has a setting that this page does not know, or one twice, so nothing was changed. Open the page \
                 again, and try again";
            return Err(FieldError::new("form", text).into());
        }
    }
    Ok(())
}

/// `POST /admin/settings`
pub async fn save(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Vec<(String, String)>>,
) -> Result<HttpResponse, PageError> {
    check(&form)?;
    let sent = |setting: &Setting| form.iter().find(|(name, _)| name == setting.name()).map(|(_, value)| value.clone());
    let all = |setting: &Setting| {
        let sent = form.iter().filter(|(name, value)| name == setting.name() && !value.is_empty());
        sent.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",")
    };
    // A switch that is off sends nothing. The two sensitive ones have pages of their own.
    let entered: Vec<(Setting, String)> = Setting::all()
        .filter(|setting| !SettingsPage::is_sensitive(setting.name()))
        .filter_map(|setting| {
            let value = sent(&setting);
            match setting.kind() {
                Kind::Switch => Some((setting, value.unwrap_or_else(|| "off".into()))),
                // A list of which nothing is ticked sends nothing: at least its title does, see the page.
                Kind::Several(_) => value.is_some().then(|| (setting, all(&setting))),
                Kind::Text(_) | Kind::Number(..) | Kind::Choice(_) => Some((setting, value?)),
            }
        })
        .collect();
    match app.change_settings(user.actor.reauthenticated()?, entered.clone()).await {
        Ok(0) => {
            Flash::done("Nothing was different, so nothing was changed.").leave(&user.session);
            Ok(html::see_other(PATH))
        }
        Ok(_) => {
            Flash::done("Settings saved.").leave(&user.session);
            Ok(html::see_other(PATH))
        }
        Err(Error::Invalid(field_errors)) => {
            let mut page = SettingsPage::load(&app, &user).await?;
            for (setting, value) in entered {
                if let Some(shown) = page.entered.iter_mut().find(|(one, _)| *one == setting) {
                    shown.1 = value;
                }
            }
            page.field_errors = FieldErrors(field_errors);
            Ok(html::invalid(&page))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /admin/settings/new-people`
pub async fn save_for_new_people(
    app: web::Data<App>,
    Form(Reauthenticated(user), form): Form<Reauthenticated, Held>,
) -> Result<HttpResponse, PageError> {
    match app.set_policies_of_new_people(user.actor.reauthenticated()?, form.policy).await {
        Ok(()) => Flash::done("Saved. Every new person gets these policies.").leave(&user.session),
        Err(Error::Invalid(field_errors)) => {
            let text = field_errors.first().map(|field_error| field_error.text.clone()).unwrap_or_default();
            Flash::failed(text).leave(&user.session);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(html::see_other(PATH))
}

fn sensitive(name: &str) -> Result<Setting, Error> {
    name.parse::<Setting>().ok().filter(|setting| SettingsPage::is_sensitive(setting.name())).ok_or(Error::NotFound)
}

/// `GET /admin/settings/{name}`
pub async fn switch_page(
    app: web::Data<App>,
    Reauthenticated(user): Reauthenticated,
    name: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let setting = sensitive(&name)?;
    let on = app.settings().await?.value(setting) == "on";
    let live = words(app.lifetime_rules(user.actor.administrator()?).await?.live);
    Ok(html::page(&SwitchPage { layout: Layout::new(&user, Nav::LifetimeRules), setting, on, live }))
}

/// `POST /admin/settings/{name}/{value}`
pub async fn switch(
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    Form(Reauthenticated(user), _): Form<Reauthenticated, Nothing>,
) -> Result<HttpResponse, PageError> {
    let (name, value) = path.into_inner();
    let setting = sensitive(&name)?;
    if !["on", "off"].contains(&value.as_str()) {
        return Err(Error::NotFound.into());
    }
    app.change_settings(user.actor.reauthenticated()?, vec![(setting, value.clone())]).await?;
    let text = match (setting, value == "on") {
        (Setting::AllowCreation, true) => "New API keys are allowed.",
        (Setting::AllowCreation, false) => "Nobody can create API keys now. Existing keys keep working.",
        (_, true) => "API keys are accepted.",
        (_, false) => "API keys are not accepted any more: every one is refused.",
    };
    let undo = format!("{PATH}/{name}/{}", if value == "on" { "off" } else { "on" });
    Flash::done(text).with_undo(undo).leave(&user.session);
    Ok(html::see_other("/admin/lifetime-rules"))
}
