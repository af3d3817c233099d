//! A person’s own keys, session keys, and the resources that they administer.

pub mod access;
pub mod external_tool_access;
pub mod generate;
pub mod key;
pub mod pause;
pub mod resources;
pub mod rotate;
pub mod session_keys;
