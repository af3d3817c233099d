//! One file per page, its template struct beside its handlers; the same file name in `templates/pages`.

pub mod account;
pub mod admin_api_keys;
pub mod admin_key;
pub mod audit_log;
pub mod bulk;
pub mod confirm_password;
pub mod export_keys;
pub mod external_tool_access;
pub mod generate_dialog;
pub mod generate_key;
pub mod jobs;
pub mod key;
pub mod key_filter_form;
pub mod lifetime_rules;
pub mod overview;
pub mod pause_key;
pub mod reveal;
pub mod rotate_key;
pub mod saved_views;
pub mod set_up;
pub mod sign_in;
pub mod site_settings;
pub mod user;
pub mod users;
pub mod welcome;
pub mod why_refused;
