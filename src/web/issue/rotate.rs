//! The form for a new secret of a key.

use serde::Deserialize;

use crate::actions::App;
use crate::actions::keys::find::KeyDetails;
use crate::actions::keys::rotate::{self, Grace};
use crate::domain::time::clock::Timestamp;
use crate::web::html::FieldErrors;
use crate::web::issue::Refused;

/// The form for a new secret.
pub struct RotateDialog {
    /// Makes the answer unique.
    pub form_id: String,
    /// What was chosen.
    pub chosen: Grace,
    /// The end that the key will have.
    pub expires_at: Option<Timestamp>,
    /// Why it cannot be rotated now; empty when it can.
    pub refusal: String,
    /// What is wrong with the form.
    pub field_errors: FieldErrors,
}

impl RotateDialog {
    /// The form as it opens, or as it comes back.
    pub fn new(app: &App, details: &KeyDetails, chosen: Grace, refused: Refused) -> Self {
        let now = app.now();
        let cannot = || rotate::refusal(&details.key, now).or(details.creation_off).map(str::to_owned);
        let Refused { field_errors, refusal } = refused.or(cannot);
        let expires_at = details.key.renewed(&details.rule, now);
        Self { form_id: app.new_form_id(), chosen, expires_at, refusal, field_errors }
    }
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// The one-time id.
    pub form: String,
    /// When the secret before ends.
    pub old_ends: String,
    /// The password, when what the key may do asks for it.
    #[serde(default)]
    pub present: String,
}
