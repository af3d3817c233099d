//! What a key may do, as fields of a form: everything, a list of scopes, or one policy.

use crate::actions::rights::grants::GrantOptions;
use crate::domain::field_error::FieldError;
use crate::domain::rights::permission::{CLAVIGER, PermissionName};
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::{AccessView, GrantRequest, GrantView};
use crate::web::html::FieldErrors;
use crate::web::permission_boxes::PermissionBoxes;

/// The fields: what is on offer, what was chosen, what is wrong with it.
#[derive(Debug, Clone)]
pub struct AccessFields {
    /// What a key can be given.
    pub offer: GrantOptions,
    /// What was chosen.
    pub chosen: Chosen,
    /// What is wrong with it.
    pub field_errors: FieldErrors,
    /// What the key is for.
    pub purpose: Purpose,
}

/// What the fields send.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// `inherit`, `scopes` or `policy`; nothing is the first. For a resource also `all`.
    pub access: String,
    /// The ticked permissions, for `scopes`.
    pub scope: Vec<String>,
    /// The name of the policy, for `policy`.
    pub policy: String,
}

/// What a new key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The person's own tools.
    Own,
    /// A person for whom an administrator makes it.
    Person,
    /// A service account.
    Service,
    /// A resource that the person administers, with this title: it is bound to that.
    Resource(String),
}

impl AccessFields {
    /// Is it for a service account?
    pub fn for_service(&self) -> bool {
        self.purpose == Purpose::Service
    }

    /// The title of the resource that it is for.
    pub fn resource_title(&self) -> Option<&str> {
        if let Purpose::Resource(title) = &self.purpose { Some(title) } else { None }
    }

    /// May the account do more than a key gets that can do everything it can do? What concerns the site is given by name alone.
    pub fn leaves_out_administration(&self) -> bool {
        self.offer.permissions.iter().any(|permission| permission.name.is_administrative())
    }

    /// What people read of the one who can do it all: "my account".
    pub fn whose(&self) -> &'static str {
        match self.purpose {
            Purpose::Service => "the account",
            Purpose::Person => "this user",
            Purpose::Own | Purpose::Resource(_) => "my account",
        }
    }

    /// Is there anything to choose but "everything"? What everybody may do in Claviger itself is no reason to ask.
    pub fn has_choice(&self) -> bool {
        let of_services = self.offer.permissions.iter().any(|permission| permission.service.as_str() != CLAVIGER);
        of_services || !self.offer.policies.is_empty() || matches!(self.chosen.access.as_str(), "scopes" | "policy")
    }

    /// Is the policy that was entered none of those on offer?
    pub fn needs_policy(&self) -> bool {
        !self.offer.policies.contains(&self.chosen.policy)
    }

    /// Is this the chosen kind of access?
    pub fn is_access(&self, word: &str) -> bool {
        let chosen = if self.chosen.access.is_empty() { "inherit" } else { &self.chosen.access };
        chosen == word
    }

    /// The permissions to tick.
    pub fn boxes(&self) -> PermissionBoxes {
        PermissionBoxes::new(&self.offer.permissions, |name| self.chosen.scope.iter().any(|scope| scope == name))
    }
}

impl Chosen {
    /// What a key has that may do this.
    pub fn of(access: &AccessView) -> Self {
        let (word, policy) = match &access.grant {
            GrantView::Everything => ("inherit", ""),
            GrantView::Scopes(_) => ("scopes", ""),
            GrantView::Policy(name) => ("policy", name.as_str()),
        };
        Self { access: word.into(), scope: access.scopes().to_vec(), policy: policy.into() }
    }

    /// What the key shall be able to do.
    pub fn wish(&self) -> Result<GrantRequest, FieldError> {
        match self.access.as_str() {
            // Scopes or a policy without the choice of them: nothing that was left out means everything.
            "" if !self.scope.is_empty() || !self.policy.is_empty() => {
                Err(FieldError::new("access", "Choose what the key may do"))
            }
            "" | "inherit" => Ok(GrantRequest::Inherit),
            "scopes" => {
                let names = self.scope.iter().map(|name| PermissionName::parse("scopes", name));
                names.collect::<Result<_, _>>().map(GrantRequest::Scopes)
            }
            "policy" => PolicyName::parse(&self.policy)
                .map(GrantRequest::Policy)
                .map_err(|_| FieldError::new("policy", "Choose a policy")),
            _ => Err(FieldError::new("access", "Choose what the key may do")),
        }
    }
}
