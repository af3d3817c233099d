//! What tests stand on: databases, an app that runs as in production, clients, people.

mod actors;
pub mod app;
pub mod client;
pub mod database;
pub mod held;
pub mod key_model;
pub mod people;
pub mod rights_model;

pub use actors::operator;
pub use app::TestApp;
pub use client::{Answer, Client};

/// Writes a test once and runs it on both databases: `mod name { sqlite, postgres }`.
macro_rules! on_both {
    ($(#[$attribute:meta])* fn $name:ident($app:ident) $body:block) => {
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn body($app: $crate::support::TestApp) $body

            #[test]
            fn sqlite() {
                body($crate::support::TestApp::start($crate::support::database::Kind::Sqlite));
            }

            #[test]
            #[ignore = "needs Postgres: run scripts/test"]
            fn postgres() {
                body($crate::support::TestApp::start($crate::support::database::Kind::Postgres));
            }
        }
    };
}
pub(crate) use on_both;
