//! What a form for a new key sends, and what of it can be read.

use serde::Deserialize;

use crate::actions::Error;
use crate::actions::keys::request::{FormId, KeyRequest, Readable};
use crate::domain::field_error::{FieldError, validate};
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::keys::lifetime::Expiry;
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest, GrantView};
use crate::web::issue::access_fields::Chosen;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The one-time id.
    pub form: String,
    /// May be empty.
    #[serde(default)]
    pub name: String,
    /// May be empty.
    #[serde(default)]
    pub note: String,
    /// Days, `never`, `other` or `date`.
    #[serde(default)]
    pub expires: String,
    /// The time for `other`, such as `12h`.
    #[serde(default)]
    pub expires_in: String,
    /// The day for `date`.
    #[serde(default)]
    pub expires_on: String,
    /// `inherit`, `scopes` or `policy`; nothing is the first.
    #[serde(default)]
    pub access: String,
    /// The ticked permissions, for `scopes`.
    #[serde(default)]
    pub scope: Vec<String>,
    /// The name of the policy, for `policy`.
    #[serde(default)]
    pub policy: String,
    /// The resource, as services name it; may be empty.
    #[serde(default)]
    pub resource: String,
    /// The password, when what the key may do asks for it.
    #[serde(default)]
    pub present: String,
}

impl NewKey {
    /// What somebody enters who wants another key like this one.
    pub fn like(key: &ApiKey, access: &AccessView) -> Self {
        let policy = if let GrantView::Policy(name) = &access.grant { name.clone() } else { String::new() };
        Self {
            name: key.name.clone(),
            note: key.note.clone(),
            access: key.grant.as_str().into(),
            scope: access.scopes().to_vec(),
            policy,
            resource: access.resource.as_ref().map(|(name, _)| name.clone()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What the key shall be able to do.
    pub fn wish(&self) -> Result<GrantRequest, FieldError> {
        self.chosen().wish()
    }

    /// What was chosen of what it shall be able to do.
    pub fn chosen(&self) -> Chosen {
        Chosen { access: self.access.clone(), scope: self.scope.clone(), policy: self.policy.clone() }
    }

    /// The resource that the key shall be bound to.
    pub fn resource(&self) -> Result<Option<ResourceName>, FieldError> {
        let name = self.resource.trim();
        if name.is_empty() { Ok(None) } else { ResourceName::parse(name).map(Some) }
    }

    /// What the form asks for, when it can be read.
    pub fn parse(&self) -> Result<KeyRequest, Error> {
        let mut field_errors = Vec::new();
        let form = validate(&mut field_errors, FormId::parse(&self.form));
        let name = validate(&mut field_errors, KeyName::parse(&self.name));
        let note = validate(&mut field_errors, KeyNote::parse(&self.note));
        let expiry = validate(&mut field_errors, self.expiry());
        let wish = validate(&mut field_errors, self.wish());
        let resource = validate(&mut field_errors, self.resource());
        match (form, name, note, expiry, wish, resource) {
            (Some(form), Some(name), Some(note), Some(expiry), Some(wish), Some(resource)) => {
                Ok(KeyRequest { name, note, expiry, wish, resource, form, asking: None })
            }
            _ => Err(Error::Invalid(field_errors)),
        }
    }

    /// What of the form can be read.
    pub fn readable(&self) -> Readable {
        Readable {
            name: KeyName::parse(&self.name).ok(),
            expiry: self.expiry().ok(),
            wish: self.wish().ok(),
            resource: self.resource().ok(),
        }
    }

    fn expiry(&self) -> Result<Expiry, FieldError> {
        Expiry::parse(&self.expires, &self.expires_on, &self.expires_in)
    }
}
