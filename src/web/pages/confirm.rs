//! A question before what cannot be taken back with one press: what it does, and to how many.

use actix_web::HttpResponse;
use askama::Template;

use crate::web::html;
use crate::web::layout::{Layout, Nav};

/// The question.
#[derive(Template)]
#[template(path = "pages/confirm.html")]
pub struct ConfirmPage {
    /// The frame.
    pub layout: Layout,
    /// The question, which names the object.
    pub title: String,
    /// What happens, and to how many.
    pub effect: String,
    /// Where the form goes.
    pub action: String,
    /// What the button says: operation and noun.
    pub button: &'static str,
    /// Where Cancel leads.
    pub back: String,
}

impl ConfirmPage {
    /// The answer.
    pub fn response(&self) -> HttpResponse {
        html::page(self)
    }
}
