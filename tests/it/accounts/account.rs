//! Account settings.

use crate::support::people::PASSWORD;
use crate::support::{Answer, Client, TestApp, on_both};

const NEW: &str = "another horse battery staple";

fn change(client: &Client, present: &str, password: &str, again: &str) -> Answer {
    client.submit("/account", "/account/password", &[("present", present), ("password", password), ("again", again)])
}

fn changing_the_password_needs_the_present_one_and_ends_other_sessions(app: TestApp) {
    let here = app.signed_in("miriam");
    let elsewhere = app.client();
    elsewhere.sign_in("miriam", PASSWORD);
    let key = here.secret("ci");
    let summary = |answer: Answer| (answer.status, answer.texts("[data-summary] li"));
    assert_eq!(summary(change(&here, "wrong", NEW, NEW)), (422, vec!["This is not your current password".into()]));
    assert_eq!(summary(change(&here, PASSWORD, NEW, "other")), (422, vec!["Type the same password twice".into()]));
    assert_eq!(
        summary(change(&here, PASSWORD, "short", "short")),
        (422, vec!["Choose a password of 15 characters or more".into()])
    );
    assert_eq!(summary(change(&here, PASSWORD, "miriammiriammiriam", "miriammiriammiriam")).0, 422);
    assert!(elsewhere.is_signed_in());
    assert_eq!(change(&here, PASSWORD, NEW, NEW).status, 303);
    assert!(
        here.get("/account")
            .text()
            .contains("Password changed. Your other sessions were ended. Your API keys keep working.")
    );
    assert!(!elsewhere.is_signed_in());
    assert_eq!(app.verify(&key).status, 200);
    assert_eq!(elsewhere.sign_in("miriam", PASSWORD).status, 422);
    assert_eq!(elsewhere.sign_in("miriam", NEW).status, 303);
}
on_both!(changing_the_password_needs_the_present_one_and_ends_other_sessions);

fn sessions_are_listed_and_ended_one_by_one_and_all_together(app: TestApp) {
    let here = app.signed_in("miriam");
    let others: Vec<Client> = (0..3)
        .map(|_| {
            let client = app.client();
            client.sign_in("miriam", PASSWORD);
            client
        })
        .collect();
    let page = here.get("/account");
    assert_eq!(page.texts("#main table tbody tr").len(), 4);
    assert!(page.texts("tbody tr")[0].contains("This browser"), "this one first");
    assert!(page.texts("tbody th")[0].contains("Firefox on Linux"));
    let end = page.attribute("a[href*='/account/sessions/']:not([href$='end-others'])", "href");
    let question = here.get(&end);
    assert!(question.text().contains("Sign out Firefox on Linux at 127.0.0.1?"), "it asks first: {}", question.text());
    let chen = app.signed_in("chen");
    assert_eq!(
        (chen.get(&end).status, chen.submit("/account", &end, &[]).status),
        (404, 404),
        "docs/rules.md, B8: somebody else's session"
    );
    assert_eq!(here.submit(&end, &end, &[]).status, 303);
    assert_eq!(others.iter().filter(|client| client.is_signed_in()).count(), 2);
    let all = "/account/sessions/end-others";
    assert!(here.get(all).text().contains("Ends 2 other sessions"));
    assert_eq!(here.submit(all, all, &[]).status, 303);
    assert!(here.get("/account").text().contains("2 other sessions were ended."));
    assert!(here.is_signed_in() && chen.is_signed_in());
    assert!(others.iter().all(|client| !client.is_signed_in()));
}
on_both!(sessions_are_listed_and_ended_one_by_one_and_all_together);

fn the_display_name_is_checked_and_kept_and_the_email_is_not_the_persons_to_change(app: TestApp) {
    let client = app.signed_in("miriam");
    let bad = client.submit("/account", "/account/profile", &[("display_name", " ")]);
    assert_eq!((bad.status, bad.texts("[data-summary] li")), (422, vec!["Enter a display name".into()]));
    assert_eq!(client.submit("/account", "/account/profile", &[("display_name", "Miriam <Okafor>")]).status, 303);
    assert!(client.get("/account").text().contains("Miriam <Okafor>"));
    let forged = client.submit("/account", "/account/profile", &[("display_name", "x"), ("email", "boss@example.org")]);
    assert_eq!(forged.status, 400, "services know people by their address");
    assert!(client.get("/account").text().contains("miriam@example.org"));
}
on_both!(the_display_name_is_checked_and_kept_and_the_email_is_not_the_persons_to_change);

fn the_present_password_is_no_new_one(app: TestApp) {
    let client = app.signed_in("miriam");
    let same = change(&client, PASSWORD, PASSWORD, PASSWORD);
    assert_eq!(
        (same.status, same.texts("[data-summary] li")),
        (422, vec!["Choose a password other than the present one".into()])
    );
}
on_both!(the_present_password_is_no_new_one);

fn the_appearance_is_the_accounts_and_the_sign_in_pages(app: TestApp) {
    let client = app.signed_in("miriam");
    assert_eq!(client.get("/account").attribute("html", "data-bs-theme"), "auto");
    assert_eq!(client.submit("/account", "/account/appearance", &[("appearance", "dark")]).status, 303);
    assert_eq!(client.get("/external-tool-access").attribute("html", "data-bs-theme"), "dark");
    assert_eq!(client.get("/nowhere").attribute("html", "data-bs-theme"), "dark", "error pages too");
    client.submit("/account", "/sign-out", &[]);
    assert_eq!(client.get("/sign-in").attribute("html", "data-bs-theme"), "dark");
}
on_both!(the_appearance_is_the_accounts_and_the_sign_in_pages);

fn an_address_of_an_older_account_is_taken_in_any_case(app: TestApp) {
    app.admin("boss");
    app.person("first");
    app.database
        .execute("UPDATE accounts SET email = 'Shared@Example.org', email_folded = NULL WHERE username = 'first'");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    let fields =
        [("username", "second"), ("display_name", "Second"), ("email", "shared@example.ORG"), ("role", "user")];
    assert_eq!(boss.submit("/admin/users/add", "/admin/users/add", &fields).status, 422);
    assert_eq!(app.database.count("accounts WHERE username = 'second'"), 0);
}
on_both!(an_address_of_an_older_account_is_taken_in_any_case);

fn an_administrator_is_called_one_in_one_sentence(app: TestApp) {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    assert_eq!(boss.get("/account").texts("h1 + p"), ["You sign in as boss, an administrator."]);
    assert_eq!(boss.get("/admin/users").texts("h1 + p"), ["1 user"]);
}
on_both!(an_administrator_is_called_one_in_one_sentence);
