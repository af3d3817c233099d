//! What somebody asks for who wants a secret, by which form, and what the one answer to it shows.

use sha2::{Digest, Sha256};

use crate::actions::rights::grants::ActingKey;
use crate::domain::field_error::FieldError;
use crate::domain::ids::AccountId;
use crate::domain::keys::api_key::{ApiKey, KeyName, KeyNote};
use crate::domain::keys::lifetime::Expiry;
use crate::domain::keys::secret::{FirstEight, Secret};
use crate::domain::rights::resource::ResourceName;
use crate::domain::rights::{AccessView, GrantRequest};

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// `None`: a name is made from the date.
    pub name: Option<KeyName>,
    /// May be empty.
    pub note: KeyNote,
    /// How long it shall live.
    pub expiry: Expiry,
    /// What it shall be able to do of what its owner may.
    pub wish: GrantRequest,
    /// The resource that it shall be bound to.
    pub resource: Option<ResourceName>,
    /// The form by which it is asked for.
    pub form: FormId,
    /// The key with which somebody asks: it bounds the new one, besides the owner.
    pub asking: Option<ActingKey>,
}

/// The one-time id of a form whose answer shows a secret. It carries no right, it only makes the answer unique.
#[derive(Debug, Clone)]
pub struct FormId(String);

impl FormId {
    /// As it came back from the form: 22 base62 characters.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let shaped = text.len() == 22 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        shaped.then(|| Self(text.to_owned())).ok_or_else(|| FieldError::new("form", "Open the form again"))
    }

    /// The hash under which its use by this account is noted: one person's form says nothing about another's.
    pub(in crate::actions) fn hash(&self, account: AccountId) -> Vec<u8> {
        Sha256::digest(format!("{account} {}", self.0)).to_vec()
    }
}

/// The answer to a form that asks for a secret.
pub enum Issued {
    /// A key and its secret, to be shown in this one answer.
    Now(Box<New>),
    /// This form was answered before, with the secret of this key.
    Before(FirstEight),
}

impl Issued {
    /// Of what a transaction made, or found made by the same form before.
    pub(in crate::actions) fn of(made: Result<(ApiKey, AccessView), FirstEight>, secret: Secret) -> Self {
        match made {
            Ok((key, access)) => Self::Now(Box::new(New { key, access, secret })),
            Err(shown_before) => Self::Before(shown_before),
        }
    }
}

/// What the one answer shows.
pub struct New {
    /// The key.
    pub key: ApiKey,
    /// What it may do.
    pub access: AccessView,
    /// Its secret.
    pub secret: Secret,
}

/// What of a form for a new key could be read: each part that could not is left out.
#[derive(Debug, Clone, Default)]
pub struct Readable {
    /// The name; `Some(None)` when none was entered.
    pub name: Option<Option<KeyName>>,
    /// How long it shall live.
    pub expiry: Option<Expiry>,
    /// What it shall be able to do.
    pub wish: Option<GrantRequest>,
    /// The resource that it shall be bound to; `Some(None)` for none.
    pub resource: Option<Option<ResourceName>>,
}
