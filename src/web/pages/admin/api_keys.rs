//! Every key of every owner: filters as chips, sort, pages, views, the choice of columns.

use std::borrow::Borrow;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::actions::bulk::operations::fits;
use crate::actions::keys::browse::KeyPage;
use crate::actions::keys::browse::ListedKey;
use crate::actions::{App, Error};
use crate::domain::bulk::BulkOperation;
use crate::domain::key_filter::SavedView;
use crate::domain::key_filter::{Broken, Column, Kind, Sort};
use crate::domain::keys::secret::appears_in;
use crate::domain::paging::Count;
use crate::web::access::{Admin, SignedIn};
use crate::web::errors::PageError;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::html::{self, FieldErrors};
use crate::web::key_query::{KeyQuery, PATH, SIZES};
use crate::web::key_row::KeyRow;
use crate::web::key_views::VIEWS;
use crate::web::labels::numbers::{number, number_at, number_words, words};
use crate::web::labels::operations::OperationLabels;
use crate::web::layout::{Layout, Nav};
use crate::web::pages::admin::export::ExportFormat;
use crate::web::pages::admin::key_filter_form::FilterForm;

/// The page.
#[derive(Template)]
#[template(path = "pages/admin/api_keys.html")]
pub struct GridPage {
    layout: Layout,
    query: KeyQuery,
    page: Option<KeyPage>,
    rows: Vec<KeyRow>,
    views: Vec<SavedView>,
    /// Values that exist of the column of an open filter: what the filter takes, and what people read.
    suggestions: Vec<(String, String)>,
    /// What is open over the page.
    pub dialog: Dialog,
}

/// What is open over the page.
pub enum Dialog {
    /// Nothing.
    None,
    /// The form for one filter.
    Filter(FilterForm),
    /// The form for a view: its name, and what is wrong with it.
    SaveView(String, FieldErrors),
}

/// `GET /admin/api-keys`
pub async fn grid(request: HttpRequest, app: web::Data<App>, Admin(user): Admin) -> Result<HttpResponse, PageError> {
    let query = KeyQuery::read(request.query_string());
    let mut page = GridPage::load(&app, &user, query).await?;
    page.dialog = dialog(&request, &page.query);
    if let Dialog::Filter(form) = &page.dialog {
        page.suggestions = app.filter_suggestions(user.actor.administrator()?, form.column).await?;
    }
    Ok(if page.query.broken.is_empty() { html::page(&page) } else { html::invalid(&page) })
}

fn dialog(request: &HttpRequest, query: &KeyQuery) -> Dialog {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    for (name, value) in pairs {
        let form = match &*name {
            "add" => FilterForm::add(&value),
            "edit" => value.parse().ok().and_then(|index| FilterForm::edit(query, index)),
            "save" => return Dialog::SaveView(String::new(), FieldErrors::default()),
            _ => None,
        };
        if let Some(form) = form {
            return Dialog::Filter(form);
        }
    }
    Dialog::None
}

/// What the search box sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    q: String,
    state: String,
}

/// `POST /admin/api-keys/search`: a pasted secret must not stand in an address, so the box posts, and goes on from here.
pub async fn search(
    app: web::Data<App>,
    Form(Admin(user), form): Form<Admin, Search>,
) -> Result<HttpResponse, PageError> {
    let query = KeyQuery::read(&form.state);
    if let Some(first_eight) = app.first_eight_of(&form.q) {
        let found = format!("{PATH}?first_eight~eq={first_eight}");
        Flash::done("You pasted a whole API key. It was not kept: this is the key with its first eight. Rotate it if others may have seen it.")
            .leave(&user.session);
        return Ok(html::see_other(&found));
    }
    if appears_in(&app.config.prefixes, &form.q) {
        let text = "The text holds something like an API key, but not one whole key: check that all of it was copied, and nothing else.";
        Flash::failed(text).leave(&user.session);
        return Ok(html::see_other(&query.first_page()));
    }
    Ok(html::see_other(&query.searched(&form.q)))
}

impl GridPage {
    /// The page with nothing open over it. While a filter is broken, no key is shown.
    pub async fn load(app: &App, user: &SignedIn, mut query: KeyQuery) -> Result<Self, PageError> {
        let page = if query.broken.is_empty() {
            match app.browse_keys(user.actor.administrator()?, &query.list()).await {
                Ok(page) => Some(page),
                Err(Error::Invalid(field_errors)) => {
                    let text =
                        field_errors.into_iter().map(|field_error| field_error.text).collect::<Vec<_>>().join(". ");
                    query.broken.push(Broken { name: "from".into(), value: "Page".into(), problem: text });
                    query.cursor = None;
                    None
                }
                Err(error) => return Err(error.into()),
            }
        } else {
            None
        };
        let row = |page: &KeyPage, listed: &ListedKey| KeyRow::new(listed.clone(), page.now);
        let rows = page.iter().flat_map(|page| page.keys.iter().map(|listed| row(page, listed))).collect();
        let views = app.saved_views(user.actor.administrator()?).await?;
        let (layout, suggestions) = (Layout::new(user, Nav::AdminKeys), Vec::new());
        Ok(Self { layout, query, page, rows, views, suggestions, dialog: Dialog::None })
    }

    fn title(&self) -> String {
        match &self.dialog {
            Dialog::None if !self.query.broken.is_empty() => "Error: API keys".into(),
            Dialog::None => "API keys".into(),
            Dialog::Filter(form) => format!("Filter by {} · API keys", form.column.label()),
            Dialog::SaveView(..) => "Save as a new view · API keys".into(),
        }
    }

    /// "1,284 in total, 1,102 active or disabled."
    fn totals(&self) -> String {
        self.page.as_ref().map_or(String::new(), |page| {
            let of_sessions = match page.session_keys {
                0 => "Session keys are not listed.".to_owned(),
                1 => "1 session key is not listed.".to_owned(),
                many => format!("{} session keys are not listed.", number(many)),
            };
            let at = match number_at(&page.total) {
                at if at.is_empty() => at,
                at => format!(" ({at})"),
            };
            let keys = number_words(&page.total);
            let noun = if keys == "1" { "key" } else { "keys" };
            format!("{keys} {noun}, {} live{at}. {of_sessions}", number_words(&page.live))
        })
    }

    /// "1 to 20 of 214 matching (1,284 in total)".
    fn position(&self) -> String {
        let Some(page) = &self.page else { return String::new() };
        if page.keys.is_empty() {
            return format!("0 of {} matching ({} in total)", words(page.matching), number_words(&page.total));
        }
        let last = page.before + i64::try_from(page.keys.len()).unwrap_or(0);
        let (first, last) = (number(page.before + 1), number(last));
        match (&self.query.filter, page.matching) {
            (filter, _) if filter.is_everything() => format!("{first} to {last} of {}", number_words(&page.total)),
            (_, matching) => {
                format!("{first} to {last} of {} matching ({} in total)", words(matching), number_words(&page.total))
            }
        }
    }

    /// "214", "10,000+".
    fn matching(&self) -> String {
        self.page.as_ref().map_or(String::new(), |page| words(page.matching))
    }

    /// How many keys the filter hides.
    fn hidden(&self) -> String {
        self.page.as_ref().map_or(String::new(), |page| number_words(&page.total))
    }

    fn is_empty_server(&self) -> bool {
        self.page.as_ref().is_some_and(|page| page.total.count == Count::Exactly(0))
    }

    /// What can be done to the keys that the list shows: nothing is offered that fits none of them.
    fn operations(&self) -> Vec<BulkOperation> {
        let statuses: Vec<_> = self.rows.iter().map(|row| row.view.key.status(row.view.now)).collect();
        let some = self.page.as_ref().is_some_and(|page| page.next.is_some() || page.previous.is_some());
        let fits = |operation: &BulkOperation| some || statuses.iter().any(|status| fits(*operation, *status));
        BulkOperation::CHOICES.into_iter().filter(fits).collect()
    }

    fn shows(&self, column: impl Borrow<Column>) -> bool {
        self.query.columns.contains(column.borrow())
    }

    /// For `aria-sort`; empty for a column that the list is not sorted by.
    fn sorted(&self, column: &str) -> &'static str {
        match self.query.sort {
            Sort { column: sorted, .. } if sorted.as_str() != column => "",
            Sort { descending: true, .. } => "descending",
            Sort { .. } => "ascending",
        }
    }

    /// The link in a column's head: sorts by it, or turns the order around. What people look for first comes first.
    fn sort_link(&self, column: &str) -> String {
        let Some(column) = column.parse::<Column>().ok() else { return self.query.path() };
        let sort = if self.query.sort.column == column {
            self.query.sort.reversed()
        } else {
            Sort { column, descending: matches!(column, Column::Created | Column::Activity | Column::Uses) }
        };
        self.query.sorted(sort)
    }

    /// The name of the view that is open.
    fn view_name(&self) -> String {
        let word = self.query.view.as_deref().unwrap_or_default();
        let own = self.views.iter().find(|view| view.id.to_string() == word).map(|view| view.name.clone());
        let built_in = VIEWS.iter().find(|view| view.word == word).map(|view| view.name.to_owned());
        own.or(built_in).unwrap_or_else(|| "Custom".into())
    }

    fn is_view(&self, word: &str) -> bool {
        self.query.view.as_deref() == Some(word)
    }

    fn is_own_view(&self, view: &SavedView) -> bool {
        self.is_view(&view.id.to_string())
    }

    /// The pairs of the query that the form for columns does not set itself.
    fn pairs_without_columns(&self) -> Vec<(String, String)> {
        let pairs = url::form_urlencoded::parse(self.query.query_string().as_bytes()).into_owned().collect::<Vec<_>>();
        pairs.into_iter().filter(|(name, _)| !["cols", "from"].contains(&name.as_str())).collect()
    }

    /// The pairs of the query that the form for the size of pages does not set itself.
    fn pairs_without_size(&self) -> Vec<(String, String)> {
        let pairs = url::form_urlencoded::parse(self.query.query_string().as_bytes()).into_owned().collect::<Vec<_>>();
        pairs.into_iter().filter(|(name, _)| !["per_page", "from"].contains(&name.as_str())).collect()
    }

    fn own_view_path(view: &SavedView) -> String {
        format!("{PATH}?{}&view={}", view.query, view.id)
    }
}
