//! Every route against every kind of caller (docs/rules.md, A1, A2). A route of the route table that is missing here fails the test.

use std::collections::BTreeSet;

use claviger::web::routes;

use crate::support::people::eight;
use crate::support::{Client, TestApp, on_both};

/// What each kind of caller gets.
struct Row {
    method: &'static str,
    path: &'static str,
    /// Nobody, without a cookie.
    stranger: u16,
    /// Signed in, and the owner of the key in the path.
    owner: u16,
    /// Signed in as somebody else.
    other: u16,
    /// An administrator who owns nothing.
    admin: u16,
    /// Somebody whose account was deactivated after signing in.
    deactivated: u16,
}

const fn row(method: &'static str, path: &'static str, [stranger, owner, other, admin, deactivated]: [u16; 5]) -> Row {
    Row { method, path, stranger, owner, other, admin, deactivated }
}

/// Reading comes before changing, and what ends sessions or the key comes last: the callers live through all rows.
const TABLE: &[Row] = &[
    row("GET", "/", [303, 303, 303, 303, 303]),
    row("GET", "/static/{path:.*}", [404, 404, 404, 404, 404]),
    row("GET", "/healthz", [200, 200, 200, 200, 200]),
    row("GET", "/readyz", [200, 200, 200, 200, 200]),
    row("GET", "/metrics", [200, 200, 200, 200, 200]),
    row("GET", "/verify", [401, 401, 401, 401, 401]),
    row("GET", "/api/v1/whoami", [401, 401, 401, 401, 401]),
    row("DELETE", "/api/v1/api_keys/{first_eight}", [401, 401, 401, 401, 401]),
    row("PUT", "/api/v1/services/{service}/permissions", [401, 401, 401, 401, 401]),
    row("GET", "/setup", [404, 404, 404, 404, 404]),
    row("POST", "/setup", [404, 404, 404, 404, 404]),
    row("GET", "/welcome", [404, 404, 404, 404, 404]),
    row("POST", "/welcome", [404, 404, 404, 404, 404]),
    row("GET", "/sign-in", [200, 303, 303, 303, 200]),
    row("POST", "/sign-in", [422, 422, 422, 422, 422]),
    row("GET", "/external-tool-access", [303, 200, 200, 200, 303]),
    row("GET", "/external-tool-access/generate", [303, 200, 200, 200, 303]),
    row("POST", "/external-tool-access/generate", [303, 422, 422, 422, 303]),
    row("POST", "/external-tool-access/session-keys", [303, 303, 303, 303, 303]),
    row("GET", "/external-tool-access/session-keys/{first_eight}/end", [303, 404, 404, 404, 303]),
    row("POST", "/external-tool-access/session-keys/{first_eight}/end", [303, 404, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}", [303, 200, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/used", [303, 200, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/edit", [303, 200, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/would-allow", [303, 200, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/would-allow", [303, 200, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/edit", [303, 422, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/access", [303, 200, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/access", [303, 409, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/rotate", [303, 200, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/rotate", [303, 200, 404, 404, 303]),
    row("GET", "/external-tool-access/keys/{first_eight}/revoke", [303, 200, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/disable", [303, 303, 404, 404, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/enable", [303, 303, 404, 404, 303]),
    row("PUT", "/api/v1/resources/{resource}/api_key", [401, 401, 401, 401, 401]),
    row("GET", "/resources", [303, 200, 200, 200, 303]),
    row("GET", "/resources/{resource}", [303, 404, 404, 404, 303]),
    row("GET", "/resources/{resource}/generate", [303, 404, 404, 404, 303]),
    row("POST", "/resources/{resource}/generate", [303, 404, 404, 404, 303]),
    row("POST", "/resources/{resource}/master-key", [303, 404, 404, 404, 303]),
    row("GET", "/resources/{resource}/keys/{first_eight}/revoke", [303, 404, 404, 404, 303]),
    row("POST", "/resources/{resource}/keys/{first_eight}/revoke", [303, 404, 404, 404, 303]),
    row("GET", "/help", [303, 200, 200, 200, 303]),
    row("GET", "/account", [303, 200, 200, 200, 303]),
    row("POST", "/account/profile", [303, 422, 422, 422, 303]),
    row("POST", "/account/password", [303, 422, 422, 422, 303]),
    row("POST", "/account/appearance", [303, 400, 400, 400, 303]),
    row("GET", "/account/sessions/{id}/end", [303, 404, 404, 404, 303]),
    row("GET", "/account/sessions/end-others", [303, 200, 200, 200, 303]),
    row("POST", "/account/sessions/{id}/end", [303, 404, 404, 404, 303]),
    row("POST", "/account/sessions/end-others", [303, 303, 303, 303, 303]),
    row("GET", "/admin/api-keys", [303, 403, 403, 200, 303]),
    row("POST", "/admin/api-keys/search", [303, 403, 403, 303, 303]),
    row("GET", "/admin/api-keys/export.{format}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/api-keys/filter", [303, 403, 403, 303, 303]),
    row("POST", "/admin/api-keys/views", [303, 403, 403, 422, 303]),
    row("POST", "/admin/api-keys/views/{id}/delete", [303, 403, 403, 404, 303]),
    row("POST", "/admin/api-keys/bulk", [303, 403, 403, 303, 303]),
    row("GET", "/admin/api-keys/bulk/{id}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/api-keys/bulk/{id}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/api-keys/{first_eight}", [303, 403, 403, 200, 303]),
    row("GET", "/admin/api-keys/{first_eight}/edit", [303, 403, 403, 200, 303]),
    row("POST", "/admin/api-keys/{first_eight}/edit", [303, 403, 403, 422, 303]),
    row("GET", "/admin/api-keys/{first_eight}/would-allow", [303, 403, 403, 200, 303]),
    row("POST", "/admin/api-keys/{first_eight}/would-allow", [303, 403, 403, 200, 303]),
    row("POST", "/admin/api-keys/{first_eight}/{operation}", [303, 403, 403, 303, 303]),
    row("GET", "/admin/lifetime-rules", [303, 403, 403, 200, 303]),
    row("POST", "/admin/lifetime-rules", [303, 403, 403, 422, 303]),
    row("GET", "/admin/lifetime-rules/impact/{id}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/lifetime-rules/impact/{id}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/refusals", [303, 403, 403, 200, 303]),
    row("GET", "/admin/settings", [303, 403, 403, 200, 303]),
    row("POST", "/admin/settings", [303, 403, 403, 303, 303]),
    row("POST", "/admin/settings/new-people", [303, 403, 403, 303, 303]),
    row("GET", "/admin/settings/{name}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/settings/{name}/{value}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users", [303, 403, 403, 200, 303]),
    row("POST", "/admin/users", [303, 403, 403, 303, 303]),
    row("GET", "/admin/users/add", [303, 403, 403, 200, 303]),
    row("POST", "/admin/users/add", [303, 403, 403, 422, 303]),
    row("GET", "/admin/users/{username}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users/{username}/edit", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/edit", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users/{username}/change/{what}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/change/{what}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users/{username}/sessions/{id}/end", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/sessions/{id}/end", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users/{username}/delete", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/delete", [303, 403, 403, 404, 303]),
    row("GET", "/admin/users/{username}/generate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/generate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/users/{username}/policies", [303, 403, 403, 404, 303]),
    row("GET", "/admin/service-accounts", [303, 403, 403, 200, 303]),
    row("POST", "/admin/service-accounts", [303, 403, 403, 303, 303]),
    row("GET", "/admin/service-accounts/new", [303, 403, 403, 200, 303]),
    row("POST", "/admin/service-accounts/new", [303, 403, 403, 422, 303]),
    row("GET", "/admin/service-accounts/new-key", [303, 403, 403, 200, 303]),
    row("POST", "/admin/service-accounts/new-key", [303, 403, 403, 422, 303]),
    row("GET", "/admin/service-accounts/{username}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/edit", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/policies", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/deactivate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/activate", [303, 403, 403, 404, 303]),
    row("GET", "/admin/service-accounts/{username}/generate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/generate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/transfer", [303, 403, 403, 404, 303]),
    row("GET", "/admin/service-accounts/{username}/keys/{first_eight}/rotate", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/keys/{first_eight}/rotate", [303, 403, 403, 404, 303]),
    row("GET", "/admin/service-accounts/{username}/keys/{first_eight}/access", [303, 403, 403, 404, 303]),
    row("POST", "/admin/service-accounts/{username}/keys/{first_eight}/access", [303, 403, 403, 404, 303]),
    row("GET", "/admin/policies", [303, 403, 403, 200, 303]),
    row("GET", "/admin/policies/new", [303, 403, 403, 200, 303]),
    row("POST", "/admin/policies/new", [303, 403, 403, 422, 303]),
    row("GET", "/admin/policies/{policy}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/policies/{policy}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/policies/{policy}/delete", [303, 403, 403, 404, 303]),
    row("POST", "/admin/policies/{policy}/delete", [303, 403, 403, 404, 303]),
    row("POST", "/admin/policies/{policy}/move", [303, 403, 403, 404, 303]),
    row("GET", "/admin/permissions", [303, 403, 403, 200, 303]),
    row("POST", "/admin/permissions", [303, 403, 403, 422, 303]),
    row("GET", "/admin/permissions/{permission}/retire", [303, 403, 403, 404, 303]),
    row("POST", "/admin/permissions/{permission}/retire", [303, 403, 403, 404, 303]),
    row("POST", "/admin/permissions/{permission}/restore", [303, 403, 403, 404, 303]),
    row("POST", "/admin/services", [303, 403, 403, 422, 303]),
    row("GET", "/admin/services/{service}/move", [303, 403, 403, 404, 303]),
    row("POST", "/admin/services/{service}/move", [303, 403, 403, 404, 303]),
    row("GET", "/admin/permissions/{permission}/release", [303, 403, 403, 404, 303]),
    row("POST", "/admin/permissions/{permission}/release", [303, 403, 403, 404, 303]),
    row("POST", "/admin/services/restore", [303, 403, 403, 303, 303]),
    row("GET", "/admin/resources", [303, 403, 403, 200, 303]),
    row("POST", "/admin/resources", [303, 403, 403, 303, 303]),
    row("GET", "/admin/resources/new", [303, 403, 403, 200, 303]),
    row("POST", "/admin/resources/new", [303, 403, 403, 422, 303]),
    row("GET", "/admin/resources/{resource}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/resources/{resource}/edit", [303, 403, 403, 404, 303]),
    row("POST", "/admin/resources/{resource}/administrators", [303, 403, 403, 404, 303]),
    row("POST", "/admin/resources/{resource}/administrators/{username}/remove", [303, 403, 403, 404, 303]),
    row("GET", "/admin/resources/{resource}/delete", [303, 403, 403, 404, 303]),
    row("POST", "/admin/resources/{resource}/delete", [303, 403, 403, 404, 303]),
    row("GET", "/admin/resource-kinds/{kind}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/resource-kinds/{kind}", [303, 403, 403, 404, 303]),
    row("GET", "/admin/overview", [303, 403, 403, 200, 303]),
    row("GET", "/admin/why-refused", [303, 403, 403, 200, 303]),
    row("POST", "/admin/why-refused", [303, 403, 403, 422, 303]),
    row("GET", "/admin/audit-log", [303, 403, 403, 200, 303]),
    row("POST", "/admin/audit-log", [303, 403, 403, 303, 303]),
    row("GET", "/admin/audit-log/export.csv", [303, 403, 403, 200, 303]),
    row("GET", "/admin/jobs", [303, 403, 403, 200, 303]),
    row("GET", "/admin/jobs/{id}", [303, 403, 403, 404, 303]),
    row("POST", "/admin/jobs/{id}/stop", [303, 403, 403, 303, 303]),
    row("POST", "/admin/jobs/{id}/undo", [303, 403, 403, 404, 303]),
    row("GET", "/confirm-password", [303, 200, 200, 200, 303]),
    row("POST", "/confirm-password", [303, 422, 422, 422, 303]),
    row("POST", "/external-tool-access/keys/{first_eight}/revoke", [303, 303, 404, 404, 303]),
    row("POST", "/sign-out", [303, 303, 303, 303, 303]),
];

#[test]
fn every_route_of_the_table_has_its_row() {
    let routes: BTreeSet<(String, &str)> =
        routes().map(|row| (row.methods.split(',').next().unwrap_or_default().to_owned(), row.path)).collect();
    let rows: BTreeSet<(String, &str)> = TABLE.iter().map(|row| (row.method.to_owned(), row.path)).collect();
    assert_eq!(routes, rows);
    assert_eq!(rows.len(), TABLE.len(), "no row stands twice");
}

/// Fields that a form of this path understands, with values that are read but do little.
fn fields(path: &str) -> Vec<(&'static str, &'static str)> {
    match path.rsplit('/').next().unwrap_or_default() {
        "new" if path.contains("service-accounts") => vec![("username", "")],
        "new" if path.contains("/resources/") => vec![("kind", ""), ("external_id", ""), ("title", "")],
        "new" => vec![("name", "")],
        "nobody" if path.starts_with("/admin/policies") => vec![("name", "x")],
        "permissions" => vec![("service", ""), ("name", "")],
        "services" => vec![("new_service", "")],
        "restore" if path.contains("services") => vec![("service", "x"), ("at", "1")],
        "setup" => vec![("token", "x"), ("username", "x"), ("display_name", "x"), ("password", "x"), ("again", "x")],
        "sign-in" => vec![("username", "nobody"), ("password", "wrong")],
        "generate" => vec![("form", "bad")],
        "edit" if path.contains("/resources/") => vec![("title", "x")],
        "new-key" => vec![("form", "bad"), ("username", "")],
        "access" => vec![("version", "0")],
        "transfer" | "move" => vec![("to", "")],
        "administrators" => vec![("username", "nobody")],
        "session-keys" | "master-key" => vec![("form", "0123456789012345678901")],
        "edit" if path.starts_with("/admin/api-keys") => vec![("name", ""), ("version", "1")],
        "edit" if path.starts_with("/admin") => vec![("display_name", "x")],
        "edit" => vec![("name", ""), ("version", "1")],
        "rotate" => vec![("form", "0123456789012345678901"), ("old_ends", "7d")],
        "profile" => vec![("display_name", "")],
        "password" => vec![("present", "x"), ("password", "x"), ("again", "x")],
        "appearance" => vec![("appearance", "pink")],
        "confirm-password" => vec![("password", "")],
        "welcome" => vec![("token", "x"), ("password", "x"), ("again", "x")],
        "add" => vec![("username", ""), ("display_name", "")],
        "why-refused" => vec![("pasted", "")],
        "search" => vec![("q", "x"), ("state", "")],
        "views" => vec![("name", ""), ("state", "")],
        "999999" if path.contains("impact") => vec![("existing", "leave")],
        _ => Vec::new(),
    }
}

/// A path of the table with something in the place of each parameter.
pub fn filled(path: &str, first_eight: &str, id: &str) -> String {
    let parameters = [
        ("{first_eight}", first_eight),
        ("{id}", id),
        ("{path:.*}", "x"),
        ("{operation}", "delete"),
        ("{username}", "nobody"),
        ("{what}", "deactivate"),
        ("{name}", "x"),
        ("{value}", "x"),
        ("{format}", "exe"),
        ("{service}", "x"),
        ("{policy}", "nobody"),
        ("{permission}", "x"),
        ("{resource}", "project:x"),
        ("{kind}", "nothing"),
    ];
    parameters.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

fn ask(client: &Client, row: &Row, first_eight: &str, token: &str) -> u16 {
    let path = filled(row.path, first_eight, "999999");
    match row.method {
        "GET" => return client.get(&path).status,
        "POST" => {}
        method => return client.send(method, &path, &[], Some(String::new())).status,
    }
    let mut fields = whole(&path);
    if !["/setup", "/welcome", "/sign-in"].contains(&row.path) {
        fields.push(("csrf", token));
    }
    client.post(&path, &fields).status
}

fn each_kind_of_caller_gets_what_the_table_says(app: TestApp) {
    let owner = app.signed_in("owner");
    let secret = owner.secret("ci");
    let other = app.signed_in("other");
    app.admin("boss");
    let admin = app.client();
    admin.sign_in("boss", crate::support::people::PASSWORD);
    let deactivated = app.signed_in("gone");
    let token = |client: &Client| client.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    let tokens = [String::new(), token(&owner), token(&other), token(&admin), token(&deactivated)];
    app.deactivate("gone");
    let callers = [app.client(), owner, other, admin, deactivated];

    let mut wrong = Vec::new();
    for row in TABLE {
        let expected = [row.stranger, row.owner, row.other, row.admin, row.deactivated];
        // Somebody else's key is asked for before its owner changes it.
        for at in [0, 2, 3, 4, 1] {
            let got = ask(&callers[at], row, eight(&secret), &tokens[at]);
            if got != expected[at] {
                let kind = ["stranger", "owner", "other", "admin", "deactivated"][at];
                wrong.push(format!("{} {} as {kind}: {got}, not {}", row.method, row.path, expected[at]));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}
on_both!(each_kind_of_caller_gets_what_the_table_says);

fn rule_5_somebody_elses_key_reads_like_one_that_does_not_exist(app: TestApp) {
    let owner = app.signed_in("owner");
    let other = app.signed_in("other");
    let path = crate::support::people::key_path(&owner.secret("ci"));
    let foreign = other.get(&path);
    let unknown = other.get("/external-tool-access/keys/00000000");
    assert_eq!((foreign.status, foreign.text()), (404, unknown.text()));
}
on_both!(rule_5_somebody_elses_key_reads_like_one_that_does_not_exist);

#[test]
fn a_path_takes_only_its_own_methods() {
    let app = TestApp::start(crate::support::database::Kind::Sqlite);
    let client = app.client();
    for row in routes().filter(|row| row.path != "/verify") {
        let path = filled(row.path, "00000000", "1");
        for method in ["PUT", "DELETE", "TRACE", "FOO"].into_iter().filter(|method| row.methods != *method) {
            let answer = client.send(method, &path, &[], None);
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.header("allow").contains(row.methods), "{method} {path}: {}", answer.header("allow"));
        }
    }
    assert_eq!(client.send("TRACE", "/verify", &[], None).status, 405);
}

/// Fields of which a form may have many.
const LISTS: [&str; 4] = ["scope", "policy", "key", "value"];

fn every_form_refuses_a_field_that_it_does_not_know_and_one_that_is_there_twice(app: TestApp) {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", crate::support::people::PASSWORD);
    let secret = boss.secret("ci");
    let token = boss.get("/account").hidden_fields("/sign-out").remove("csrf").unwrap_or_default();
    let (events, mut wrong) = (app.database.count("audit_events"), Vec::new());
    for row in TABLE.iter().filter(|row| row.method == "POST") {
        let path = filled(row.path, eight(&secret), "999999");
        let mut fields = whole(&path);
        if !["/setup", "/welcome", "/sign-in"].contains(&row.path) {
            fields.push(("csrf", &token));
        }
        let misspelt = boss.post(&path, &[&fields[..], &[("misspelt", "on")]].concat());
        if misspelt.status != 400
            || row.path != "/admin/settings" && !misspelt.text().contains("does not know, misspelt")
        {
            wrong.push(format!("{} misspelt: {} {}", row.path, misspelt.status, misspelt.text()));
        }
        let once: Vec<(&str, &str)> =
            fields.iter().copied().filter(|(name, _)| *name != "csrf" && !LISTS.contains(name)).collect();
        for twice in once {
            let doubled = boss.post(&path, &[&fields[..], &[twice]].concat());
            if doubled.status != 400 {
                wrong.push(format!("{} {} twice: {}", row.path, twice.0, doubled.status));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(app.database.count("audit_events"), events, "nothing was done");
}
on_both!(every_form_refuses_a_field_that_it_does_not_know_and_one_that_is_there_twice);

/// What a page of this path sends.
pub fn whole(path: &str) -> Vec<(&'static str, &'static str)> {
    match path {
        "/admin/lifetime-rules" => vec![("version", "0"), ("default_lifetime", "7"), ("longest_lifetime", "7")],
        "/admin/settings" => vec![("name_required", "on")],
        "/admin/users" | "/admin/service-accounts" | "/admin/resources" => vec![("q", "x")],
        "/admin/audit-log" => vec![("actor", "x")],
        "/admin/api-keys/filter" => vec![("state", ""), ("column", "name"), ("operator", "in"), ("value", "x")],
        "/admin/api-keys/bulk" => vec![("state", "view=all"), ("scope", "matching"), ("do", "delete")],
        path => fields(path),
    }
}
