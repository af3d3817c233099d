//! The paths of pages about one thing, and what stands in them. What cannot be a name names nothing.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::actions::Error;
use crate::domain::accounts::account::Username;
use crate::domain::ids::JobId;
use crate::domain::keys::secret::FirstEight;
use crate::domain::rights::policy::PolicyName;
use crate::domain::rights::resource::ResourceName;

/// All lists of service accounts' pages begin with it.
pub const SERVICE_ACCOUNTS: &str = "/admin/service-accounts";
/// The policies.
pub const POLICIES: &str = "/admin/policies";
/// The permissions.
pub const PERMISSIONS: &str = "/admin/permissions";
/// The resources, for administrators.
pub const RESOURCES: &str = "/admin/resources";
/// The resources that somebody administers.
pub const OWN_RESOURCES: &str = "/resources";
/// The lifetime rules.
pub const LIFETIME_RULES: &str = "/admin/lifetime-rules";
/// The refusals.
pub const REFUSALS: &str = "/admin/refusals";
/// The keys of everybody.
pub const KEYS: &str = "/admin/api-keys";
/// The own keys.
pub const OWN_KEYS: &str = "/external-tool-access";

/// An own key.
pub fn own_key(key: &FirstEight) -> String {
    format!("{OWN_KEYS}/keys/{key}")
}

/// A key, for administrators.
pub fn key(key: &FirstEight) -> String {
    format!("{KEYS}/{key}")
}

/// A user.
pub fn user(name: &Username) -> String {
    format!("/admin/users/{}", name.as_str())
}

/// A service account.
pub fn service_account(name: &str) -> String {
    format!("{SERVICE_ACCOUNTS}/{name}")
}

/// A policy.
pub fn policy(name: &str) -> String {
    format!("{POLICIES}/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// A resource, for administrators.
pub fn resource(name: &ResourceName) -> String {
    format!("{RESOURCES}/{}", resource_segment(name))
}

/// A resource, for those who administer it.
pub fn own_resource(name: &ResourceName) -> String {
    format!("{OWN_RESOURCES}/{}", resource_segment(name))
}

/// A job.
pub fn job(id: JobId) -> String {
    format!("/admin/jobs/{id}")
}

/// A resource's name as part of a path: what people read in it is left as it is.
fn resource_segment(name: &ResourceName) -> String {
    let encoded = utf8_percent_encode(&name.text(), NON_ALPHANUMERIC).to_string();
    encoded.replace("%3A", ":").replace("%2D", "-").replace("%5F", "_").replace("%2E", ".")
}

/// The key that a path names.
pub fn first_eight(text: &str) -> Result<FirstEight, Error> {
    FirstEight::parse(text).ok_or(Error::NotFound)
}

/// The user or service account that a path names.
pub fn username(text: &str) -> Result<Username, Error> {
    Username::parse(text).map_err(|_| Error::NotFound)
}

/// The policy that a path names.
pub fn policy_name(text: &str) -> Result<PolicyName, Error> {
    PolicyName::parse(text).map_err(|_| Error::NotFound)
}

/// The resource that a path names.
pub fn resource_name(text: &str) -> Result<ResourceName, Error> {
    ResourceName::parse(text).map_err(|_| Error::NotFound)
}

/// The job that a path names.
pub fn job_id(text: &str) -> Result<JobId, Error> {
    text.parse().map_err(|_| Error::NotFound)
}
