//! How browsers, programs and gateways ASK. The whole route table is on this screen.
//!
//! The permission is in a handler's signature: `SignedIn` for a person, `Caller` for a key. Every page that changes
//! something takes our `Form`, which has passed the CSRF check. `tests/it/permissions.rs` holds every row against every kind of caller.

use actix_web::guard::{self, Guard};
use actix_web::{HttpResponse, Route, web};

pub mod access;
pub mod api;
pub mod assets;
mod attempts;
pub mod audit_words;
pub mod body;
pub mod chart;
pub mod client;
pub mod connections;
pub mod errors;
pub mod export_row;
pub mod flash;
pub mod form;
pub mod gateway;
pub mod headers;
pub mod hosts;
pub mod html;
pub mod key_chips;
pub mod key_query;
pub mod key_view;
pub mod layout;
pub mod local_path;
pub mod middleware;
pub mod numbers;
pub mod pages;
pub mod permission_boxes;
pub mod refusal_words;
pub mod server;
pub mod sessions;
pub mod site_origin;

/// One row of the route table: the methods, and the path with its parameters in braces.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// As in the `Allow` header.
    pub methods: &'static str,
    /// As actix matches it.
    pub path: &'static str,
}

macro_rules! table {
    ($(#[$doc:meta])* $rows:ident, $register:ident: $($method:ident $path:literal => $handler:path;)*) => {
        $(#[$doc])*
        pub const $rows: &[Row] = &[$(Row { methods: $method::METHODS, path: $path }),*];

        fn $register(config: &mut web::ServiceConfig) {
            $(config.route($path, $method::route().to($handler));)*
        }
    };
}

table! {
    /// For programs and gateways: no session, no CSRF token, no flash.
    MACHINES, machines:
    any  "/verify"                                       => gateway::verify::verify;
    get  "/api/v1/whoami"                                => api::whoami::whoami;
    delete "/api/v1/api_keys/{first_eight}"              => api::api_keys::revoke;
    put  "/api/v1/services/{service}/permissions"        => api::services::register;
    put  "/api/v1/resources/{resource}/api_key"          => api::resources::get_or_create;
    get  "/healthz"                                      => gateway::health::healthz;
    get  "/readyz"                                       => gateway::health::readyz;
    get  "/static/{path:.*}"                             => assets::serve;
}

table! {
    /// For people.
    PAGES, pages:
    get  "/"                                             => pages::sign_in::home;
    get  "/setup"                                        => pages::set_up::page;
    post "/setup"                                        => pages::set_up::set_up;
    get  "/welcome"                                      => pages::welcome::page;
    post "/welcome"                                      => pages::welcome::choose;
    get  "/sign-in"                                      => pages::sign_in::page;
    post "/sign-in"                                      => pages::sign_in::sign_in;
    post "/sign-out"                                     => pages::sign_in::sign_out;
    get  "/confirm-password"                             => pages::confirm_password::page;
    post "/confirm-password"                             => pages::confirm_password::confirm;
    get  "/external-tool-access"                         => pages::external_tool_access::list;
    get  "/external-tool-access/generate"                => pages::generate_key::page;
    post "/external-tool-access/generate"                => pages::generate_key::generate;
    get  "/external-tool-access/keys/{first_eight}/used" => pages::key::used;
    post "/external-tool-access/session-keys"            => pages::session_keys::generate;
    get  "/external-tool-access/session-keys/{first_eight}/end" => pages::session_keys::end_page;
    post "/external-tool-access/session-keys/{first_eight}/end" => pages::session_keys::end;
    get  "/external-tool-access/keys/{first_eight}"         => pages::key::details;
    get  "/external-tool-access/keys/{first_eight}/edit"    => pages::key::edit_page;
    get  "/external-tool-access/keys/{first_eight}/would-allow" => pages::simulate::own_page;
    post "/external-tool-access/keys/{first_eight}/would-allow" => pages::simulate::own_ask;
    post "/external-tool-access/keys/{first_eight}/edit"    => pages::key::edit;
    post "/external-tool-access/keys/{first_eight}/disable" => pages::pause_key::disable;
    post "/external-tool-access/keys/{first_eight}/enable"  => pages::pause_key::enable;
    get  "/external-tool-access/keys/{first_eight}/access"  => pages::key_access::own_page;
    post "/external-tool-access/keys/{first_eight}/access"  => pages::key_access::own_save;
    get  "/external-tool-access/keys/{first_eight}/rotate"  => pages::rotate_key::page;
    post "/external-tool-access/keys/{first_eight}/rotate"  => pages::rotate_key::rotate;
    get  "/external-tool-access/keys/{first_eight}/revoke"  => pages::key::revoke_page;
    post "/external-tool-access/keys/{first_eight}/revoke"  => pages::key::revoke;
    get  "/resources"                                    => pages::own_resources::list;
    get  "/resources/{resource}"                         => pages::own_resources::page;
    get  "/resources/{resource}/generate"                => pages::own_resources::generate_page;
    post "/resources/{resource}/generate"                => pages::own_resources::generate;
    post "/resources/{resource}/master-key"              => pages::own_resources::master_key;
    get  "/resources/{resource}/keys/{first_eight}/revoke" => pages::own_resources::revoke_page;
    post "/resources/{resource}/keys/{first_eight}/revoke" => pages::own_resources::revoke;
    get  "/help"                                         => pages::help::page;
    get  "/account"                                      => pages::account::page;
    post "/account/profile"                              => pages::account::edit_profile;
    post "/account/password"                             => pages::account::change_password;
    post "/account/appearance"                           => pages::account::set_appearance;
    get  "/account/sessions/end-others"                  => pages::account::end_other_sessions_page;
    post "/account/sessions/end-others"                  => pages::account::end_other_sessions;
    get  "/account/sessions/{id}/end"                    => pages::account::end_session_page;
    post "/account/sessions/{id}/end"                    => pages::account::end_session;
    get  "/admin/api-keys"                               => pages::admin_api_keys::grid;
    post "/admin/api-keys/search"                        => pages::admin_api_keys::search;
    get  "/admin/api-keys/export.{format}"               => pages::export_keys::export;
    post "/admin/api-keys/filter"                        => pages::key_filter_form::apply;
    post "/admin/api-keys/views"                         => pages::saved_views::save;
    post "/admin/api-keys/views/{id}/delete"             => pages::saved_views::delete;
    post "/admin/api-keys/bulk"                          => pages::bulk::draft;
    get  "/admin/api-keys/bulk/{id}"                     => pages::bulk::page;
    post "/admin/api-keys/bulk/{id}"                     => pages::bulk::confirm;
    get  "/admin/api-keys/{first_eight}"                 => pages::admin_key::page;
    get  "/admin/api-keys/{first_eight}/edit"            => pages::admin_key::edit_page;
    post "/admin/api-keys/{first_eight}/edit"            => pages::admin_key::edit;
    get  "/admin/api-keys/{first_eight}/would-allow"     => pages::simulate::page;
    post "/admin/api-keys/{first_eight}/would-allow"     => pages::simulate::ask;
    post "/admin/api-keys/{first_eight}/{operation}"          => pages::bulk::draft_one;
    get  "/admin/lifetime-rules"                         => pages::lifetime_rules::page;
    post "/admin/lifetime-rules"                         => pages::lifetime_rules::save;
    get  "/admin/lifetime-rules/impact/{id}"             => pages::rules_impact::page;
    post "/admin/lifetime-rules/impact/{id}"             => pages::rules_impact::apply;
    get  "/admin/settings"                               => pages::site_settings::page;
    post "/admin/settings"                               => pages::site_settings::save;
    post "/admin/settings/new-people"                    => pages::site_settings::save_for_new_people;
    get  "/admin/settings/{name}"                        => pages::site_settings::switch_page;
    post "/admin/settings/{name}/{value}"                => pages::site_settings::switch;
    get  "/admin/users"                                  => pages::users::list;
    post "/admin/users"                                  => pages::users::search;
    get  "/admin/users/add"                              => pages::users::add_page;
    post "/admin/users/add"                              => pages::users::add;
    get  "/admin/users/{username}"                       => pages::user::page;
    get  "/admin/users/{username}/edit"                   => pages::user::edit_page;
    post "/admin/users/{username}/edit"                  => pages::user::edit;
    get  "/admin/users/{username}/change/{what}"         => pages::user::ask;
    post "/admin/users/{username}/change/{what}"         => pages::user::change;
    get  "/admin/users/{username}/sessions/{id}/end"     => pages::user::end_session_page;
    post "/admin/users/{username}/sessions/{id}/end"     => pages::user::end_session;
    get  "/admin/users/{username}/delete"                => pages::user_delete::page;
    post "/admin/users/{username}/delete"                => pages::user_delete::delete;
    get  "/admin/users/{username}/generate"              => pages::user_key::page;
    post "/admin/users/{username}/generate"              => pages::user_key::generate;
    post "/admin/users/{username}/policies"              => pages::user::set_policies;
    get  "/admin/service-accounts"                       => pages::service_accounts::list;
    post "/admin/service-accounts"                       => pages::service_accounts::search;
    get  "/admin/service-accounts/new"                   => pages::service_accounts::new_page;
    post "/admin/service-accounts/new"                   => pages::service_accounts::create;
    get  "/admin/service-accounts/new-key"               => pages::server_key::new_page;
    post "/admin/service-accounts/new-key"               => pages::server_key::create;
    get  "/admin/service-accounts/{username}"            => pages::service_account::page;
    post "/admin/service-accounts/{username}/edit"       => pages::service_account::edit;
    post "/admin/service-accounts/{username}/policies"   => pages::service_account::set_policies;
    post "/admin/service-accounts/{username}/deactivate" => pages::service_account::deactivate;
    post "/admin/service-accounts/{username}/activate"   => pages::service_account::activate;
    get  "/admin/service-accounts/{username}/generate"   => pages::service_account::generate_page;
    post "/admin/service-accounts/{username}/generate"   => pages::service_account::generate;
    post "/admin/service-accounts/{username}/transfer"   => pages::service_account::transfer;
    get  "/admin/service-accounts/{username}/keys/{first_eight}/rotate" => pages::server_key::rotate_page;
    post "/admin/service-accounts/{username}/keys/{first_eight}/rotate" => pages::server_key::rotate;
    get  "/admin/service-accounts/{username}/keys/{first_eight}/access" => pages::key_access::page;
    post "/admin/service-accounts/{username}/keys/{first_eight}/access" => pages::key_access::save;
    get  "/admin/policies"                               => pages::policies::list;
    get  "/admin/policies/new"                           => pages::policies::new_page;
    post "/admin/policies/new"                           => pages::policies::create;
    get  "/admin/policies/{policy}"                      => pages::policies::page;
    post "/admin/policies/{policy}"                      => pages::policies::save;
    get  "/admin/policies/{policy}/delete"               => pages::policy_delete::page;
    post "/admin/policies/{policy}/delete"               => pages::policy_delete::delete;
    post "/admin/policies/{policy}/move"                 => pages::policy_delete::move_keys;
    get  "/admin/permissions"                            => pages::permissions::list;
    post "/admin/permissions"                            => pages::permissions::register;
    post "/admin/services"                                => pages::permissions::add_service;
    post "/admin/services/restore"                        => pages::permissions::restore_left_out;
    get  "/admin/services/{service}/move"                 => pages::permissions::move_page;
    post "/admin/services/{service}/move"                 => pages::permissions::move_to;
    get  "/admin/permissions/{permission}/release"        => pages::permissions::release_page;
    post "/admin/permissions/{permission}/release"        => pages::permissions::release;
    post "/admin/permissions/{permission}/restore"        => pages::permissions::restore;
    get  "/admin/permissions/{permission}/retire"        => pages::permissions::retire_page;
    post "/admin/permissions/{permission}/retire"        => pages::permissions::retire;
    get  "/admin/resources"                              => pages::resources::list;
    post "/admin/resources"                              => pages::resources::search;
    get  "/admin/resources/new"                          => pages::resources::new_page;
    post "/admin/resources/new"                          => pages::resources::register;
    get  "/admin/resources/{resource}"                   => pages::resource::page;
    post "/admin/resources/{resource}/edit"              => pages::resource::edit;
    post "/admin/resources/{resource}/administrators"    => pages::resource::add_administrator;
    post "/admin/resources/{resource}/administrators/{username}/remove" => pages::resource::remove_administrator;
    get  "/admin/resources/{resource}/delete"            => pages::resource::delete_page;
    post "/admin/resources/{resource}/delete"            => pages::resource::delete;
    get  "/admin/resource-kinds/{kind}"                  => pages::resource_kind::page;
    post "/admin/resource-kinds/{kind}"                  => pages::resource_kind::save;
    get  "/admin/overview"                               => pages::overview::page;
    get  "/admin/refusals"                               => pages::refusals::page;
    get  "/admin/why-refused"                            => pages::diagnose::page;
    post "/admin/why-refused"                            => pages::diagnose::diagnose;
    get  "/admin/audit-log"                              => pages::audit_log::page;
    post "/admin/audit-log"                              => pages::audit_log::search;
    get  "/admin/audit-log/export.csv"                   => pages::audit_log::export;
    get  "/admin/jobs"                                   => pages::jobs::list;
    get  "/admin/jobs/{id}"                              => pages::jobs::page;
    post "/admin/jobs/{id}/stop"                         => pages::jobs::stop;
    post "/admin/jobs/{id}/undo"                         => pages::jobs::undo;
}

mod get {
    pub const METHODS: &str = "GET, HEAD";
    pub fn route() -> super::Route {
        super::with(super::guard::Any(super::guard::Get()).or(super::guard::Head()))
    }
}

mod post {
    pub const METHODS: &str = "POST";
    pub fn route() -> super::Route {
        super::with(super::guard::Post())
    }
}

mod put {
    pub const METHODS: &str = "PUT";
    pub fn route() -> super::Route {
        super::with(super::guard::Put())
    }
}

mod delete {
    pub const METHODS: &str = "DELETE";
    pub fn route() -> super::Route {
        super::with(super::guard::Delete())
    }
}

mod any {
    pub const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    pub fn route() -> super::Route {
        use super::guard::{Any, Delete, Get, Head, Options, Patch, Post, Put};
        super::with(Any(Get()).or(Head()).or(Post()).or(Put()).or(Patch()).or(Delete()).or(Options()))
    }
}

fn with(guard: impl Guard + 'static) -> Route {
    web::route().guard(guard)
}

/// Everything that is neither: 405 with `Allow` where the path exists, else 404.
async fn elsewhere(request: actix_web::HttpRequest, _: Option<access::SignedIn>) -> HttpResponse {
    let exists = |row: &&Row| actix_web::dev::ResourceDef::new(row.path).is_match(request.path());
    let methods: Vec<&str> = MACHINES.iter().chain(PAGES).filter(exists).map(|row| row.methods).collect();
    if methods.is_empty() {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::MethodNotAllowed().insert_header((actix_web::http::header::ALLOW, methods.join(", "))).finish()
}
