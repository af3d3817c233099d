//! The first start.

use std::thread;

use crate::support::people::PASSWORD;
use crate::support::{TestApp, on_both};

const FIELDS: [(&str, &str); 4] =
    [("username", "miriam"), ("display_name", "Miriam Okafor"), ("password", PASSWORD), ("again", PASSWORD)];

fn fields(token: &str) -> Vec<(&str, &str)> {
    FIELDS.into_iter().chain([("token", token)]).collect()
}

fn the_link_makes_the_first_administrator_once(app: TestApp) {
    let token = app.set_up_token.clone().expect("a link is offered");
    let client = app.client();
    let link = format!("/setup?token={token}");
    assert_eq!(client.get(&link).status, 200);
    for wrong in ["/setup", "/setup?token=", "/setup?token=x", "/setup?token=%00"] {
        assert_eq!(client.get(wrong).status, 404, "{wrong}");
    }
    let bad = client.post(
        "/setup",
        &[("token", token.as_str()), ("username", "-"), ("display_name", ""), ("password", "x"), ("again", "y")],
    );
    assert_eq!((bad.status, bad.texts("[data-summary] li").len()), (422, 4));
    assert_eq!(client.post("/setup", &fields("x")).status, 404);

    let made = client.post("/setup", &fields(&token));
    assert_eq!((made.status, made.header("location")), (303, "/external-tool-access"));
    assert!(client.is_signed_in());
    assert_eq!(app.database.text("SELECT role AS value FROM accounts"), "admin");
    assert_eq!(app.database.count("audit_events WHERE action = 'site.set_up'"), 1);
    assert_eq!((client.get(&link).status, client.post("/setup", &fields(&token)).status), (404, 404));
    assert_eq!(app.run(app.app.offer_set_up()).expect("an answer"), None, "nothing is offered any more");
}
on_both!(the_link_makes_the_first_administrator_once);

fn a_restart_kills_the_link_before_it(app: TestApp) {
    let old = app.set_up_token.clone().expect("a link");
    let new = app.run(app.app.offer_set_up()).expect("an answer").expect("another link");
    assert_ne!(old, new);
    assert_eq!(app.client().get(&format!("/setup?token={old}")).status, 404);
    assert_eq!(app.client().get(&format!("/setup?token={new}")).status, 200);
}
on_both!(a_restart_kills_the_link_before_it);

fn twenty_parallel_uses_make_exactly_one_administrator(app: TestApp) {
    let token = app.set_up_token.clone().expect("a link");
    let senders: Vec<_> = (0..20)
        .map(|n| {
            let (client, token) = (app.client(), token.clone());
            thread::spawn(move || {
                let name = format!("admin{n}");
                let mut fields = fields(&token);
                fields[0] = ("username", &name);
                client.post("/setup", &fields).status
            })
        })
        .collect();
    let statuses: Vec<u16> = senders.into_iter().map(|sender| sender.join().expect("an answer")).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "docs/rules.md, P9: {statuses:?}");
    assert_eq!(app.database.count("accounts"), 1);
}
on_both!(twenty_parallel_uses_make_exactly_one_administrator);

fn an_account_made_at_the_command_line_ends_the_offer(app: TestApp) {
    let token = app.set_up_token.clone().expect("a link");
    app.admin("boss");
    assert_eq!(app.client().get(&format!("/setup?token={token}")).status, 404);
    assert_eq!(app.client().post("/setup", &fields(&token)).status, 404);
}
on_both!(an_account_made_at_the_command_line_ends_the_offer);

fn nodes_that_start_at_the_same_moment_all_start_and_one_link_works(app: TestApp) {
    let offers: Vec<_> = (0..6)
        .map(|_| {
            let app = std::sync::Arc::clone(&app.app);
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(app.offer_set_up()).expect("every node starts").expect("an offer")
            })
        })
        .collect();
    let tokens: Vec<String> = offers.into_iter().map(|one| one.join().expect("no panic")).collect();
    let good = tokens.iter().filter(|token| app.client().get(&format!("/setup?token={token}")).status == 200).count();
    assert_eq!(good, 1);
}
on_both!(nodes_that_start_at_the_same_moment_all_start_and_one_link_works);
