//! What tests stand on: databases, an app that runs as in production, clients, people.

mod actors;
pub mod app;
mod arrange;
pub mod client;
pub mod database;
pub mod held;
pub mod key_model;
pub mod people;
pub mod rights_model;

pub use actors::operator;
pub use app::TestApp;
pub use client::{Answer, Client};

/// Runs a test on both databases, `fn name(app: TestApp)` as `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            #[test]
            fn sqlite() {
                super::$name($crate::support::TestApp::start($crate::support::database::Kind::Sqlite));
            }

            #[test]
            #[ignore = "needs Postgres: run scripts/test"]
            fn postgres() {
                super::$name($crate::support::TestApp::start($crate::support::database::Kind::Postgres));
            }
        }
    };
}
pub(crate) use on_both;
