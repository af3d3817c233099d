//! What stands in tables, or goes to the database, as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::Error;

/// As it is written down.
pub fn text<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("a value cannot be written as JSON: {error}")))
}

/// As it was written down; `of` says of what, when it is damaged.
pub fn read<T: DeserializeOwned>(text: &str, of: impl Fn() -> String) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Internal(format!("{} is damaged: {error}", of())))
}
