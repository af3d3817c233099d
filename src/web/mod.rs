//! How browsers, programs and gateways ASK. The whole route table is on this screen.
//!
//! The permission is in a handler's signature: `SignedIn` for a person, `Caller` for a key. Every page that changes
//! something takes our `Form`, which has passed the CSRF check. `tests/it/permissions.rs` holds every row against every kind of caller.

use std::sync::LazyLock;

use actix_web::dev::ResourceDef;
use actix_web::{HttpResponse, web};

pub mod access;
pub mod api;
pub mod assets;
mod attempts;
pub mod body;
pub mod caller;
pub mod client;
pub mod connections;
pub mod credentials;
pub mod errors;
pub mod export_row;
pub mod flash;
pub mod form;
pub mod gateway;
pub mod headers;
pub mod hosts;
pub mod html;
pub mod issue;
pub mod json_body;
pub mod key_chips;
pub mod key_links;
pub mod key_query;
pub mod key_row;
pub mod key_view;
pub mod key_views;
pub mod labels;
pub mod layout;
pub mod list;
pub mod local_path;
mod methods;
pub mod middleware;
pub mod pages;
pub mod paths;
pub mod permission_boxes;
pub mod server;
pub mod sessions;
pub mod signed_in;
pub mod site_origin;
pub mod snippets;

use methods::{any, delete, get, post, put};

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
    /// For gateways, which ask for each request: without any layer.
    GATEWAYS, gateways:
    any  "/verify"                                       => gateway::verify::verify;
}

table! {
    /// For programs: no session, no CSRF token, no flash, and errors as JSON.
    MACHINES, machines:
    get  "/api/v1/whoami"                                => api::whoami::whoami;
    delete "/api/v1/api_keys/{first_eight}"              => api::api_keys::revoke;
    put  "/api/v1/services/{service}/permissions"        => api::services::register;
    put  "/api/v1/resources/{resource}/api_key"          => api::resources::get_or_create;
    get  "/healthz"                                      => gateway::health::healthz;
    get  "/readyz"                                       => gateway::health::readyz;
    get  "/metrics"                                      => gateway::metrics::metrics;
}

table! {
    /// For browsers, and read by anybody.
    FILES, files:
    get  "/static/{path:.*}"                             => assets::serve;
}

table! {
    /// For people.
    PAGES, pages:
    get  "/"                                             => pages::sign_in::password::home;
    get  "/setup"                                        => pages::sign_in::set_up::page;
    post "/setup"                                        => pages::sign_in::set_up::set_up;
    get  "/welcome"                                      => pages::sign_in::welcome::page;
    post "/welcome"                                      => pages::sign_in::welcome::choose;
    get  "/sign-in"                                      => pages::sign_in::password::page;
    post "/sign-in"                                      => pages::sign_in::password::sign_in;
    post "/sign-out"                                     => pages::sign_in::password::sign_out;
    get  "/confirm-password"                             => pages::account::confirm_password::page;
    post "/confirm-password"                             => pages::account::confirm_password::confirm;
    get  "/external-tool-access"                         => pages::own::external_tool_access::list;
    get  "/external-tool-access/generate"                => pages::own::generate::page;
    post "/external-tool-access/generate"                => pages::own::generate::generate;
    get  "/external-tool-access/keys/{first_eight}/used" => pages::own::key::used;
    post "/external-tool-access/session-keys"            => pages::own::session_keys::generate;
    get  "/external-tool-access/session-keys/{first_eight}/end" => pages::own::session_keys::end_page;
    post "/external-tool-access/session-keys/{first_eight}/end" => pages::own::session_keys::end;
    get  "/external-tool-access/keys/{first_eight}"         => pages::own::key::details;
    get  "/external-tool-access/keys/{first_eight}/edit"    => pages::own::key::edit_page;
    get  "/external-tool-access/keys/{first_eight}/would-allow" => pages::admin::simulate::own_page;
    post "/external-tool-access/keys/{first_eight}/would-allow" => pages::admin::simulate::own_ask;
    post "/external-tool-access/keys/{first_eight}/edit"    => pages::own::key::edit;
    post "/external-tool-access/keys/{first_eight}/disable" => pages::own::pause::disable;
    post "/external-tool-access/keys/{first_eight}/enable"  => pages::own::pause::enable;
    get  "/external-tool-access/keys/{first_eight}/access"  => pages::own::access::own_page;
    post "/external-tool-access/keys/{first_eight}/access"  => pages::own::access::own_save;
    get  "/external-tool-access/keys/{first_eight}/rotate"  => pages::own::rotate::page;
    post "/external-tool-access/keys/{first_eight}/rotate"  => pages::own::rotate::rotate;
    get  "/external-tool-access/keys/{first_eight}/revoke"  => pages::own::key::revoke_page;
    post "/external-tool-access/keys/{first_eight}/revoke"  => pages::own::key::revoke;
    get  "/resources"                                    => pages::own::resources::list;
    get  "/resources/{resource}"                         => pages::own::resources::page;
    get  "/resources/{resource}/generate"                => pages::own::resources::generate_page;
    post "/resources/{resource}/generate"                => pages::own::resources::generate;
    post "/resources/{resource}/master-key"              => pages::own::resources::master_key;
    get  "/resources/{resource}/keys/{first_eight}/revoke" => pages::own::resources::revoke_page;
    post "/resources/{resource}/keys/{first_eight}/revoke" => pages::own::resources::revoke;
    get  "/help"                                         => pages::help::page;
    get  "/account"                                      => pages::account::settings::page;
    post "/account/profile"                              => pages::account::settings::edit_profile;
    post "/account/password"                             => pages::account::settings::change_password;
    post "/account/appearance"                           => pages::account::settings::set_appearance;
    get  "/account/sessions/end-others"                  => pages::account::settings::end_other_sessions_page;
    post "/account/sessions/end-others"                  => pages::account::settings::end_other_sessions;
    get  "/account/sessions/{id}/end"                    => pages::account::settings::end_session_page;
    post "/account/sessions/{id}/end"                    => pages::account::settings::end_session;
    get  "/admin/api-keys"                               => pages::admin::api_keys::grid;
    post "/admin/api-keys/search"                        => pages::admin::api_keys::search;
    get  "/admin/api-keys/export.{format}"               => pages::admin::export::export;
    post "/admin/api-keys/filter"                        => pages::admin::key_filter_form::apply;
    post "/admin/api-keys/views"                         => pages::admin::saved_views::save;
    post "/admin/api-keys/views/{id}/delete"             => pages::admin::saved_views::delete;
    post "/admin/api-keys/bulk"                          => pages::admin::bulk::draft;
    get  "/admin/api-keys/bulk/{id}"                     => pages::admin::bulk::page;
    post "/admin/api-keys/bulk/{id}"                     => pages::admin::bulk::confirm;
    get  "/admin/api-keys/{first_eight}"                 => pages::admin::api_key::page;
    get  "/admin/api-keys/{first_eight}/edit"            => pages::admin::api_key::edit_page;
    post "/admin/api-keys/{first_eight}/edit"            => pages::admin::api_key::edit;
    get  "/admin/api-keys/{first_eight}/would-allow"     => pages::admin::simulate::page;
    post "/admin/api-keys/{first_eight}/would-allow"     => pages::admin::simulate::ask;
    post "/admin/api-keys/{first_eight}/{operation}"          => pages::admin::bulk::draft_one;
    get  "/admin/lifetime-rules"                         => pages::admin::lifetime_rules::page;
    post "/admin/lifetime-rules"                         => pages::admin::lifetime_rules::save;
    get  "/admin/lifetime-rules/impact/{id}"             => pages::admin::rules_impact::page;
    post "/admin/lifetime-rules/impact/{id}"             => pages::admin::rules_impact::apply;
    get  "/admin/settings"                               => pages::admin::settings::page;
    post "/admin/settings"                               => pages::admin::settings::save;
    post "/admin/settings/new-people"                    => pages::admin::settings::save_for_new_people;
    get  "/admin/settings/{name}"                        => pages::admin::settings::switch_page;
    post "/admin/settings/{name}/{value}"                => pages::admin::settings::switch;
    get  "/admin/users"                                  => pages::admin::users::list;
    post "/admin/users"                                  => pages::admin::users::search;
    get  "/admin/users/add"                              => pages::admin::users::add_page;
    post "/admin/users/add"                              => pages::admin::users::add;
    get  "/admin/users/{username}"                       => pages::admin::user::page;
    get  "/admin/users/{username}/edit"                   => pages::admin::user::edit_page;
    post "/admin/users/{username}/edit"                  => pages::admin::user::edit;
    get  "/admin/users/{username}/change/{what}"         => pages::admin::user_change::ask;
    post "/admin/users/{username}/change/{what}"         => pages::admin::user_change::change;
    get  "/admin/users/{username}/sessions/{id}/end"     => pages::admin::user_session::end_session_page;
    post "/admin/users/{username}/sessions/{id}/end"     => pages::admin::user_session::end_session;
    get  "/admin/users/{username}/delete"                => pages::admin::user_delete::page;
    post "/admin/users/{username}/delete"                => pages::admin::user_delete::delete;
    get  "/admin/users/{username}/generate"              => pages::admin::user_key::page;
    post "/admin/users/{username}/generate"              => pages::admin::user_key::generate;
    post "/admin/users/{username}/policies"              => pages::admin::user::set_policies;
    get  "/admin/service-accounts"                       => pages::admin::service_accounts::list;
    post "/admin/service-accounts"                       => pages::admin::service_accounts::search;
    get  "/admin/service-accounts/new"                   => pages::admin::service_accounts::new_page;
    post "/admin/service-accounts/new"                   => pages::admin::service_accounts::create;
    get  "/admin/service-accounts/new-key"               => pages::admin::server_key_new::page;
    post "/admin/service-accounts/new-key"               => pages::admin::server_key_new::create;
    get  "/admin/service-accounts/{username}"            => pages::admin::service_account::page;
    post "/admin/service-accounts/{username}/edit"       => pages::admin::service_account::edit;
    post "/admin/service-accounts/{username}/policies"   => pages::admin::service_account::set_policies;
    post "/admin/service-accounts/{username}/deactivate" => pages::admin::service_account::deactivate;
    post "/admin/service-accounts/{username}/activate"   => pages::admin::service_account::activate;
    get  "/admin/service-accounts/{username}/generate"   => pages::admin::service_account_key::page;
    post "/admin/service-accounts/{username}/generate"   => pages::admin::service_account_key::generate;
    post "/admin/service-accounts/{username}/transfer"   => pages::admin::service_account::transfer;
    get  "/admin/service-accounts/{username}/keys/{first_eight}/rotate" => pages::admin::server_key_rotate::page;
    post "/admin/service-accounts/{username}/keys/{first_eight}/rotate" => pages::admin::server_key_rotate::rotate;
    get  "/admin/service-accounts/{username}/keys/{first_eight}/access" => pages::own::access::page;
    post "/admin/service-accounts/{username}/keys/{first_eight}/access" => pages::own::access::save;
    get  "/admin/policies"                               => pages::admin::policies::list;
    get  "/admin/policies/new"                           => pages::admin::policies::new_page;
    post "/admin/policies/new"                           => pages::admin::policies::create;
    get  "/admin/policies/{policy}"                      => pages::admin::policies::page;
    post "/admin/policies/{policy}"                      => pages::admin::policies::save;
    get  "/admin/policies/{policy}/delete"               => pages::admin::policy_delete::page;
    post "/admin/policies/{policy}/delete"               => pages::admin::policy_delete::delete;
    post "/admin/policies/{policy}/move"                 => pages::admin::policy_delete::move_keys;
    get  "/admin/permissions"                            => pages::admin::permissions::list;
    post "/admin/permissions"                            => pages::admin::permissions::register;
    post "/admin/services"                                => pages::admin::permissions::add_service;
    post "/admin/services/restore"                        => pages::admin::permissions::restore_left_out;
    get  "/admin/services/{service}/move"                 => pages::admin::service_move::move_page;
    post "/admin/services/{service}/move"                 => pages::admin::service_move::move_to;
    get  "/admin/permissions/{permission}/release"        => pages::admin::permission_retire::release_page;
    post "/admin/permissions/{permission}/release"        => pages::admin::permission_retire::release;
    post "/admin/permissions/{permission}/restore"        => pages::admin::permission_retire::restore;
    get  "/admin/permissions/{permission}/retire"        => pages::admin::permission_retire::retire_page;
    post "/admin/permissions/{permission}/retire"        => pages::admin::permission_retire::retire;
    get  "/admin/resources"                              => pages::admin::resources::list;
    post "/admin/resources"                              => pages::admin::resources::search;
    get  "/admin/resources/new"                          => pages::admin::resources::new_page;
    post "/admin/resources/new"                          => pages::admin::resources::register;
    get  "/admin/resources/{resource}"                   => pages::admin::resource::page;
    post "/admin/resources/{resource}/edit"              => pages::admin::resource::edit;
    post "/admin/resources/{resource}/administrators"    => pages::admin::resource::add_administrator;
    post "/admin/resources/{resource}/administrators/{username}/remove" => pages::admin::resource::remove_administrator;
    get  "/admin/resources/{resource}/delete"            => pages::admin::resource::delete_page;
    post "/admin/resources/{resource}/delete"            => pages::admin::resource::delete;
    get  "/admin/resource-kinds/{kind}"                  => pages::admin::resource_kind::page;
    post "/admin/resource-kinds/{kind}"                  => pages::admin::resource_kind::save;
    get  "/admin/overview"                               => pages::admin::overview::page;
    get  "/admin/refusals"                               => pages::admin::refusals::page;
    get  "/admin/why-refused"                            => pages::admin::diagnose::page;
    post "/admin/why-refused"                            => pages::admin::diagnose::diagnose;
    get  "/admin/audit-log"                              => pages::admin::audit_log::page;
    post "/admin/audit-log"                              => pages::admin::audit_log::search;
    get  "/admin/audit-log/export.csv"                   => pages::admin::audit_log::export;
    get  "/admin/jobs"                                   => pages::admin::jobs::list;
    get  "/admin/jobs/{id}"                              => pages::admin::jobs::page;
    post "/admin/jobs/{id}/stop"                         => pages::admin::jobs::stop;
    post "/admin/jobs/{id}/undo"                         => pages::admin::jobs::undo;
}

/// All routes.
pub fn routes() -> impl Iterator<Item = &'static Row> {
    GATEWAYS.iter().chain(MACHINES).chain(FILES).chain(PAGES)
}

/// The pattern of each path with its methods, compiled once: 131 of them take a millisecond.
static PATTERNS: LazyLock<Vec<(ResourceDef, &str)>> =
    LazyLock::new(|| routes().map(|row| (ResourceDef::new(row.path), row.methods)).collect());

/// The first parts of the paths that are for programs.
static FOR_PROGRAMS: LazyLock<Vec<&str>> =
    LazyLock::new(|| GATEWAYS.iter().chain(MACHINES).map(|row| first_part(row.path)).collect());

/// Is a path, also one that is no route, for programs? Their errors are JSON.
pub fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS.contains(&first_part(path))
}

/// `api` of `/api/v1/whoami`.
fn first_part(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Everything that is neither: 405 with `Allow` where the path exists, else 404.
async fn elsewhere(request: actix_web::HttpRequest, _: Option<access::SignedIn>) -> HttpResponse {
    let exists = |(pattern, _): &&(ResourceDef, &str)| pattern.is_match(request.path());
    let methods: Vec<&str> = PATTERNS.iter().filter(exists).map(|(_, methods)| *methods).collect();
    if methods.is_empty() {
        return HttpResponse::NotFound().finish();
    }
    HttpResponse::MethodNotAllowed().insert_header((actix_web::http::header::ALLOW, methods.join(", "))).finish()
}
