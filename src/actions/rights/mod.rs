//! What keys may do: grants, policies, permissions, resources and those who administer them.

pub mod grants;
pub mod own_resources;
pub mod permissions;
pub mod policies;
pub mod resources;
