//! What things ARE. Pure: no database, no HTTP, no files. Time and randomness come in as arguments.

pub mod accounts;
pub mod audit;
pub mod bulk;
pub mod change;
pub mod demo;
pub mod field_error;
pub mod ids;
pub mod key_filter;
pub mod keys;
pub mod network;
pub mod paging;
pub mod rights;
pub mod settings;
pub mod text;
pub mod time;
pub mod usage;
pub mod verdict;
