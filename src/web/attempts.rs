//! Refused changes: whoever is known, or at least their address, and what they asked for, for the audit log.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage, HttpRequest, web};

use crate::actions::{Actor, App};
use crate::domain::keys::secret::appears_in;
use crate::domain::text;
use crate::web::client::{self, Reference};

/// Longer paths are cut, in characters.
const LONGEST: usize = 120;

/// The actor of a request, once one is known.
pub struct Known(pub Actor);

/// Notes the refusal of what would have changed something. What signs in, or asks about a key, has events of its own; so have
/// errors in a form, which are no attempts, but for the pages of administrators: a wrong number is one.
pub async fn note(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let changes = !request.method().is_safe() && !OWN_EVENTS.contains(&request.path());
    let answered = next.call(request).await?;
    let (asked, status) = (answered.request(), answered.status().as_u16());
    if changes && is_refusal(status, asked.path()) && asked.match_pattern().is_some() {
        write_down(asked, status);
    }
    Ok(answered)
}

/// Paths whose refusals are events of their own, or questions.
const OWN_EVENTS: [&str; 6] =
    ["/sign-in", "/sign-out", "/verify", "/confirm-password", "/account/password", "/admin/why-refused"];

fn is_refusal(status: u16, path: &str) -> bool {
    match status {
        400 | 403 | 404 | 409 | 429 => true,
        422 => path.starts_with("/admin/"),
        _ => false,
    }
}

fn write_down(request: &HttpRequest, status: u16) {
    let Some(app) = request.app_data::<web::Data<App>>() else { return };
    let known = request.extensions().get::<Known>().map(|known| known.0.clone());
    // Of strangers the route alone: they could write whatever they like into a path.
    let path = match known {
        Some(_) => text::excerpt(request.path(), LONGEST),
        None => request.match_pattern().unwrap_or_default(),
    };
    let target = format!("{} {path}", request.method());
    if appears_in(&app.config.prefixes, &target) {
        return;
    }
    let stranger = || Actor::anonymous(client::address(request, &app.config), Some(Reference::of(request)));
    app.note_attempt(known.unwrap_or_else(stranger), target, status);
}
