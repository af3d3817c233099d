//! What keys may do: permissions, policies, resources, and what a key has of them now.

mod effective;
pub mod permission_use;
pub mod permissions;
pub mod policies;
pub mod release;
pub mod resources;

pub use effective::{
    Asked, access, access_of, as_administrator, give_scopes, granted, held, of_account, of_key, of_keys,
    of_policy_named, policy_is_deleted, scope_ids_of, scopes_of, set_scopes,
};
