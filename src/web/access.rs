//! Who asks. A handler that takes `SignedIn` runs for a person who is signed in and active, and for nobody else.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use askama::Template;

use crate::actions::sign_in::signed_in::Person;
use crate::actions::{Actor, App, Error};
use crate::domain::accounts::account::Appearance;
use crate::domain::text;
use crate::web::attempts::Known;
use crate::web::client::{self, Reference};
use crate::web::errors::PageError;
use crate::web::html;
use crate::web::layout::{Layout, Nav};
use crate::web::local_path::LocalPath;
use crate::web::sessions;
pub use crate::web::signed_in::SignedIn;
use crate::web::site_origin::SiteOrigin;

impl FromRequest for SignedIn {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let session = request.get_session();
            let app = app(&request)?;
            let id = sessions::id(&session).unwrap_or_default();
            let person = match sessions::account(&session) {
                Some(_) => app.person_of_session(&id).await.map_err(PageError)?,
                None => None,
            };
            let Some(Person { account, administers_resources, settings, work }) = person else {
                return Err(to_sign_in(&request));
            };
            if let Some(seen) = sessions::seen(&session).filter(|_| !is_by_itself(&request)) {
                app.note_activity(&id, seen).await;
            }
            let address = client::address(&request, &app.config);
            let is_proved = sessions::is_proved(&session, app.now());
            let actor = Actor::signed_in(&account, &id, is_proved, address, Some(Reference::of(&request)));
            request.extensions_mut().insert(Known(actor.clone()));
            let user = Self { account, actor, session, administers_resources, settings, work };
            // For the page of an error, should the answer be one.
            request.extensions_mut().insert(Layout::for_secret(&user, Nav::Nowhere));
            Ok(user)
        })
    }
}

/// Does a page ask by itself for what is new? Nobody has to be there for that, so it keeps no session awake.
fn is_by_itself(request: &HttpRequest) -> bool {
    request.query_string() == BY_ITSELF
}

/// The query of a page that asks for itself again.
pub const BY_ITSELF: &str = "again";

/// An administrator who is signed in.
pub struct Admin(pub SignedIn);

impl FromRequest for Admin {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (user, request) = (SignedIn::from_request(request, payload), request.clone());
        Box::pin(async move {
            let user = user.await?;
            if is_sent_from_elsewhere(&request) {
                let page = FromElsewhere {
                    appearance: html::appearance_cookie(&request),
                    path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
                };
                let response = html::body(HttpResponse::build(StatusCode::FORBIDDEN), &page);
                return Err(InternalError::from_response("sent from another site", response).into());
            }
            if user.actor.administrator().is_ok() {
                return Ok(Self(user));
            }
            let text = "You do not have access to this page. It is for administrators: ask one of them.";
            Err(PageError(Error::Forbidden(text.into())).into())
        })
    }
}

/// "Open this list?"
#[derive(Template)]
#[template(path = "pages/from_elsewhere.html")]
struct FromElsewhere {
    appearance: Appearance,
    path: String,
}

/// Did a page of another site send the browser here, with a question that may cost much? A link that a person follows on this
/// site, a bookmark and a typed address say otherwise.
fn is_sent_from_elsewhere(request: &HttpRequest) -> bool {
    let asks = !request.query_string().is_empty() || request.path().contains("/export");
    let site = request.headers().get("sec-fetch-site");
    request.method().is_safe() && asks && site.is_some_and(|site| site == "cross-site")
}

/// An administrator who gave the password within the last five minutes: for what is sensitive. Who did not is asked for it,
/// and comes back to the page that asks.
pub struct Reauthenticated(pub SignedIn);

impl FromRequest for Reauthenticated {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, admin) = (request.clone(), Admin::from_request(request, payload));
        Box::pin(async move {
            let Admin(user) = admin.await?;
            if sessions::is_proved(&user.session, app(&request)?.now()) {
                return Ok(Self(user));
            }
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let own = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
            // A form leads back to the page that it was sent from: its own address may be for sending alone.
            let path = if request.method().is_safe() { own } else { came_from(&request).unwrap_or(own) };
            let target = format!("/confirm-password?{}", query.append_pair("next", &path).finish());
            let response = HttpResponse::SeeOther().insert_header((header::LOCATION, target)).finish();
            Err(InternalError::from_response("the password is to be confirmed", response).into())
        })
    }
}

/// Somebody of whom only the address is known: for signing in and setting up.
pub struct Anonymous {
    /// As the audit log will know them.
    pub actor: Actor,
    /// Their browser.
    pub agent: String,
    /// Empty, or that of a person who is signed in already.
    pub session: Session,
}

impl Anonymous {
    /// The address, if it is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.actor.address
    }
}

impl FromRequest for Anonymous {
    type Error = ActixError;
    type Future = std::future::Ready<Result<Self, ActixError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(app(request).map_err(ActixError::from).map(|app| Self {
            actor: Actor::anonymous(client::address(request, &app.config), Some(Reference::of(request))),
            agent: text::excerpt(client::agent(request, &app.config), 200),
            session: request.get_session(),
        }))
    }
}

/// The app behind a request.
pub fn app(request: &HttpRequest) -> Result<web::Data<App>, PageError> {
    let app = request.app_data::<web::Data<App>>().cloned();
    app.ok_or_else(|| PageError(Error::Internal("the app is not configured".into())))
}

/// The place where a request was served.
pub fn place(request: &HttpRequest) -> Result<web::Data<SiteOrigin>, PageError> {
    let place = request.app_data::<web::Data<SiteOrigin>>().cloned();
    place.ok_or_else(|| PageError(Error::Internal("the place is not configured".into())))
}

/// Sends somebody to the sign-in page, and from there back to what they wanted to see. Who comes with a cookie had a session.
pub fn to_sign_in(request: &HttpRequest) -> ActixError {
    let wanted = match *request.method() {
        Method::GET | Method::HEAD => request.uri().path_and_query().map(|path| path.as_str().to_owned()),
        _ => came_from(request),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(next) = wanted.as_deref().and_then(LocalPath::parse).filter(|next| next.as_str() != "/") {
        query.append_pair("next", next.as_str());
    }
    if place(request).is_ok_and(|place| request.cookie(sessions::cookie_name(place.https)).is_some()) {
        query.append_pair("ended", "1");
    }
    let query = query.finish();
    let target = if query.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
    let response = HttpResponse::SeeOther().insert_header((header::LOCATION, target)).finish();
    InternalError::from_response("not signed in", response).into()
}

/// The page of ours that a form was sent from.
fn came_from(request: &HttpRequest) -> Option<String> {
    let referrer = url::Url::parse(request.headers().get(header::REFERER)?.to_str().ok()?).ok()?;
    let host = request.headers().get(header::HOST)?.to_str().ok()?;
    let own = referrer[url::Position::BeforeHost..url::Position::AfterPort] == *host;
    own.then(|| referrer[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}
