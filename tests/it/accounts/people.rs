//! People, by administrators: added by a link, changed, kept out and let in; and the audit log and look-ups about them.

use claviger::domain::accounts::account::Username;
use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both, operator};

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let client = app.client();
    client.sign_in("boss", PASSWORD);
    client
}

fn change(boss: &Client, user: &str, what: &str) -> crate::support::Answer {
    let path = format!("/admin/users/{user}/change/{what}");
    boss.submit(&path, &path, &[])
}

fn a_new_person_chooses_the_password_by_a_link_that_works_once(app: TestApp) {
    let boss = boss(&app);
    let added = boss.submit(
        "/admin/users/add",
        "/admin/users/add",
        &[("username", "Lena"), ("display_name", "Lena Fischer"), ("email", "lena@example.org"), ("role", "user")],
    );
    assert_eq!((added.status, added.header("cache-control")), (200, "no-store"));
    let link = added.texts("#link").remove(0);
    let path = link.strip_prefix(&app.url).expect("our own address").to_owned();
    let token = path.split_once("token=").expect("a token").1.to_owned();
    assert_eq!(app.client().sign_in("lena", PASSWORD).status, 422, "nobody has a password yet");
    let lena = app.client();
    assert!(lena.get(&path).text().contains("For Lena Fischer."));
    let choose = |client: &Client, password: &str, again: &str| {
        client.post("/welcome", &[("token", &token), ("password", password), ("again", again)])
    };
    assert_eq!(choose(&lena, "short", "short").status, 422);
    assert_eq!(choose(&lena, PASSWORD, "another one").status, 422);
    assert_eq!(choose(&lena, PASSWORD, PASSWORD).header("location"), "/external-tool-access");
    assert!(lena.is_signed_in());
    assert_eq!(
        (app.client().get(&path).status, choose(&app.client(), "a different password", "a different password").status),
        (404, 404),
        "it works once"
    );
    assert_eq!(app.client().sign_in("lena", PASSWORD).status, 303);
    assert_eq!(app.database.count(&format!("audit_events WHERE details LIKE '%{token}%'")), 0);
    let refused = boss.submit(
        "/admin/users/add",
        "/admin/users/add",
        &[("username", "lena"), ("display_name", ""), ("email", "x"), ("role", "user")],
    );
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Enter a display name"));
}
on_both!(a_new_person_chooses_the_password_by_a_link_that_works_once);

fn what_is_so_already_is_done_again_without_an_event(app: TestApp) {
    app.person("lena");
    let lena = Username::parse("lena").expect("a user name");
    let events = |action: &str| app.database.count(&format!("audit_events WHERE action = 'user.{action}'"));
    // Called as two tabs do, which both saw the state before: the pages by themselves ask for nothing that is so already.
    for active in [true, false, false, true, true] {
        let done = if active {
            app.run(app.app.activate_user(operator(), &lena))
        } else {
            app.run(app.app.deactivate_user(operator(), &lena))
        };
        assert!(done.is_ok(), "active: {active}: {done:?}");
    }
    assert_eq!((events("deactivate"), events("activate")), (1, 1));
}
on_both!(what_is_so_already_is_done_again_without_an_event);

fn a_link_ends_with_time_with_another_link_and_with_the_person(app: TestApp) {
    let boss = boss(&app);
    app.person("lena");
    let link = |boss: &Client| {
        let made = change(boss, "lena", "link");
        made.texts("#link").remove(0).strip_prefix(&app.url).expect("ours").to_owned()
    };
    let (first, second) = (link(&boss), link(&boss));
    assert_eq!((app.client().get(&first).status, app.client().get(&second).status), (404, 200));
    change(&boss, "lena", "deactivate");
    assert_eq!(app.client().get(&second).status, 404, "docs/rules.md, A9");
    change(&boss, "lena", "activate");
    assert_eq!(app.client().get(&second).status, 404, "activating does not bring it back");
    let third = link(&boss);
    app.pass(SignedDuration::from_hours(73));
    assert_eq!(app.client().get(&third).status, 404);
}
on_both!(a_link_ends_with_time_with_another_link_and_with_the_person);

fn deactivating_stops_everything_at_once_and_activating_brings_it_back(app: TestApp) {
    let lena = app.signed_in("lena");
    let secret = lena.secret("ci");
    let boss = boss(&app);
    assert!(
        boss.get("/admin/users/lena/change/deactivate")
            .text()
            .contains("Sign-in stops, sessions end, and 1 live key is refused at once.")
    );
    assert_eq!(change(&boss, "lena", "deactivate").status, 303);
    assert_eq!(
        (app.verify(&secret).status, lena.is_signed_in(), app.client().sign_in("lena", PASSWORD).status),
        (401, false, 422)
    );
    assert!(boss.get("/admin/users?state=deactivated").text().contains("Lena Example"));
    change(&boss, "lena", "activate");
    assert_eq!((app.verify(&secret).status, lena.is_signed_in()), (200, false), "keys work, ended sessions stay ended");
}
on_both!(deactivating_stops_everything_at_once_and_activating_brings_it_back);

fn the_last_administrator_stays_one(app: TestApp) {
    let boss = boss(&app);
    app.person("lena");
    for what in ["deactivate", "make-user"] {
        change(&boss, "boss", what);
        assert!(
            boss.get("/admin/users/boss").text().contains("This is the last active administrator."),
            "docs/rules.md, A10: {what}"
        );
    }
    assert_eq!(change(&boss, "lena", "make-admin").status, 303);
    assert_eq!(change(&boss, "boss", "make-user").status, 303);
    assert!(!boss.is_signed_in(), "docs/rules.md, S3: a change of the role ends the sessions");
    boss.sign_in("boss", PASSWORD);
    assert_eq!(boss.get("/admin/users").status, 403);
    assert_eq!(app.database.count("audit_events WHERE action = 'user.set_role'"), 2);
}
on_both!(the_last_administrator_stays_one);

fn names_and_addresses_are_changed_also_in_the_search(app: TestApp) {
    let lena = app.signed_in("lena");
    lena.secret("ci");
    let boss = boss(&app);
    let saved = boss.submit(
        "/admin/users/lena/edit",
        "/admin/users/lena/edit",
        &[("display_name", "Éléna Fischer"), ("email", "")],
    );
    assert_eq!(saved.status, 303);
    assert_eq!(
        boss.get("/admin/api-keys?q=%C3%89L%C3%89NA").texts("tbody .grid__id").len(),
        1,
        "case is folded as Unicode has it"
    );
    assert_eq!(boss.get("/admin/users?q=%C3%A9l%C3%A9na").texts("tbody th").len(), 1);
    let wrong = boss.submit(
        "/admin/users/lena/edit",
        "/admin/users/lena/edit",
        &[("display_name", " "), ("email", "no address")],
    );
    assert!(
        wrong.status == 422
            && wrong.text().contains("Enter a display name")
            && wrong.text().contains("Enter an email address")
    );
}
on_both!(names_and_addresses_are_changed_also_in_the_search);

fn sessions_of_others_are_ended_one_by_one(app: TestApp) {
    let lena = app.signed_in("lena");
    let boss = boss(&app);
    let page = boss.get("/admin/users/lena");
    assert!(
        page.texts("section[aria-labelledby=events-h] tbody td").contains(&"Signed in".to_owned()),
        "their own events"
    );
    let end = page.attribute("a[href*='/sessions/']", "href");
    assert_eq!(boss.submit(&end, &end, &[]).status, 303);
    assert!(!lena.is_signed_in());
    assert_eq!(boss.submit("/admin/users/lena", &end, &[]).status, 404);
}
on_both!(sessions_of_others_are_ended_one_by_one);

fn people_are_listed_page_by_page(app: TestApp) {
    app.run(app.app.fill_demo(2_000, 1, |_| {})).expect("a demo");
    let boss = boss(&app);
    let (mut names, mut path, mut pages) = (Vec::new(), "/admin/users?role=user".to_owned(), Vec::new());
    loop {
        let page = boss.get(&path);
        names.extend(page.texts("tbody th"));
        pages.push((path.clone(), page.texts("tbody th")));
        path = page.attribute("a[rel=next]", "href");
        if path.is_empty() {
            break;
        }
    }
    assert_eq!(
        i64::try_from(names.len()).expect("few"),
        app.database.count("accounts WHERE kind = 'user' AND role = 'user'")
    );
    let folded: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    assert!(folded.is_sorted());
    let back = boss.get(&boss.get(&pages[1].0).attribute("a[rel=prev]", "href"));
    assert_eq!(back.texts("tbody th"), pages[0].1);
}
on_both!(people_are_listed_page_by_page);

fn the_audit_log_is_filtered_paged_and_exported(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for _ in 0..30 {
        miriam.act(&secret, "disable");
        miriam.act(&secret, "enable");
    }
    app.client().sign_in("miriam", "wrong password");
    let boss = boss(&app);
    let log = "/admin/audit-log";
    let first = boss.get(&format!("{log}?target={}", eight(&secret)));
    assert_eq!(first.texts("tbody tr").len(), 50);
    let older = boss.get(&first.attribute("a[rel=next]", "href"));
    assert_eq!(older.texts("tbody tr").len(), 11);
    assert_eq!(boss.get(&older.attribute("a[rel=prev]", "href")).texts("tbody tr"), first.texts("tbody tr"));
    for (query, rows) in [
        ("action=key.generate", 1),
        ("action=session&outcome=failure", 1),
        ("actor=boss", 1),
        ("via=cli", 2),
        ("from=2026-11-21", 0),
        ("to=2026-11-19", 0),
        ("from=2026-11-20&to=2026-11-20&action=user.create", 2),
        ("address=127.0.0.1&action=key.generate", 1),
    ] {
        assert_eq!(boss.get(&format!("{log}?{query}")).texts("tbody tr").len(), rows, "{query}");
    }
    assert_eq!(boss.get(&format!("{log}?from=tomorow")).status, 422);
    for odd in ["target=%00", "actor=%00x", "via=a%0Ab", "action=%00"] {
        assert_eq!(boss.get(&format!("{log}?{odd}")).status, 422, "{odd}");
    }
    for odd in ["name~in=a%00b", "owner~notin=%00x", "note~eq=a%0Ab", "q=%00"] {
        assert_eq!(boss.get(&format!("/admin/api-keys?{odd}")).status, 422, "{odd}");
    }
    assert_eq!(
        boss.submit(log, log, &[("actor", "boss"), ("target", "")]).header("location"),
        "/admin/audit-log?actor=boss"
    );
    assert_eq!(boss.submit(log, log, &[("target", &secret)]).status, 400, "a pasted key never stands in an address");
    let users = "/admin/users";
    assert_eq!(boss.submit(users, users, &[("q", &secret)]).status, 400);
    let filter = "/admin/api-keys/filter";
    let page = "/admin/api-keys?view=all&add=name";
    assert_eq!(boss.submit(page, filter, &[("operator", "contains"), ("value", &secret)]).status, 400);
    let csv = boss.get(&format!("{log}/export.csv?action=key.generate"));
    assert_eq!(csv.body.lines().count(), 2);
    assert!(csv.body.starts_with("\"sequence\",\"at\",\"actor\",\"via\",\"action\",\"target\",\"outcome\",\"address\",\"request\",\"details\"\r\n"));
    assert_eq!(app.database.count("audit_events WHERE action = 'audit.export'"), 1, "docs/rules.md, L6");
}
on_both!(the_audit_log_is_filtered_paged_and_exported);

fn why_was_it_refused_answers_for_a_secret_a_first_eight_and_a_hash(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = boss(&app);
    let page = "/admin/why-refused";
    let ask = |pasted: &str| boss.submit(page, page, &[("pasted", pasted)]);
    assert!(ask(&secret).text().contains("This key is good at this moment."));
    assert!(ask(eight(&secret)).text().contains("Paste the whole key to check its secret too."));
    miriam.act(&secret, "disable");
    app.verify(&secret);
    app.run(app.app.flush_uses()).expect("written");
    let hash = {
        use sha2::{Digest, Sha256};
        hex::encode(Sha256::digest(secret.as_bytes()))
    };
    for pasted in [secret.as_str(), eight(&secret), &hash, &format!("  {secret}\n")] {
        let answer = ask(pasted);
        assert!(
            answer.text().contains("The key is disabled.") && answer.text().contains("The key was disabled."),
            "{}",
            answer.text()
        );
        assert!(!answer.body.contains(&secret[13..25]), "what was pasted is not shown again");
    }
    miriam.act(&secret, "enable");
    let rotate = format!("{}/rotate", crate::support::people::key_path(&secret));
    miriam.submit(&rotate, &rotate, &[("old_ends", "0h")]);
    assert!(ask(&secret).text().contains("it was replaced by a rotation, or mistyped"));
    for (nothing, text) in [
        ("", "Paste an API key"),
        ("nonsense", "No such key on this server"),
        ("not a key at all", "This is no API key"),
    ] {
        let answer = ask(nothing);
        assert!(answer.status == 422 && answer.text().contains(text), "{nothing}: {}", answer.text());
    }
    let found = boss.submit("/admin/api-keys", "/admin/api-keys/search", &[("q", &secret)]);
    assert_eq!(
        found.header("location"),
        format!("/admin/api-keys?first_eight~eq={}", eight(&secret)),
        "a pasted key leads to itself"
    );
}
on_both!(why_was_it_refused_answers_for_a_secret_a_first_eight_and_a_hash);

fn every_number_of_the_overview_leads_to_the_list_that_it_counts(app: TestApp) {
    app.run(app.app.fill_demo(800, 1, |_| {})).expect("a demo");
    let boss = boss(&app);
    let page = boss.get("/admin/overview");
    let numbers = page.texts(".tile__number");
    assert_eq!(numbers.len(), 8);
    let tiles = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("a.tile[href^='/admin/api-keys']").expect("a selector");
    for (tile, number) in tiles.select(&selector).zip(&numbers) {
        let list = boss.get(tile.value().attr("href").expect("a link"));
        assert!(
            list.text().contains(&format!("of {number} matching")) || number == "0",
            "{number}: {}",
            list.texts(".grid__foot span").join(" ")
        );
    }
    assert_eq!(page.texts("tbody tr").len(), 30, "the chart's table");
}
on_both!(every_number_of_the_overview_leads_to_the_list_that_it_counts);

fn every_new_person_holds_what_the_setting_says(app: TestApp) {
    let boss = crate::rights::site(&app);
    for name in ["Reader", "Writer"] {
        crate::rights::policy(&boss, name, &["read:data"]);
    }
    let early = app.signed_in("early");
    let saved = boss.submit("/admin/settings", "/admin/settings/new-people", &[("policy", "Reader")]);
    assert_eq!(saved.status, 303, "{}", saved.text());
    let ana = app.signed_in("ana");
    let add = "/admin/users/add";
    assert_eq!(boss.submit(add, add, &[("username", "ben"), ("display_name", "Ben"), ("role", "user")]).status, 200);
    let held = app.database.texts(
        "SELECT a.username AS value FROM account_policies h JOIN accounts a ON a.id = h.account ORDER BY a.username",
    );
    assert_eq!(held, ["ana", "ben"], "who was there before keeps what they have");
    assert_eq!(crate::rights::status(&app, &ana.secret("hers"), "require_all=read:data"), 200);
    assert_eq!(crate::rights::status(&app, &early.secret("hers"), "require_all=read:data"), 403);
    assert_eq!(
        app.database.count("audit_events WHERE action = 'setting.change' AND target = 'policies_of_new_people'"),
        1
    );
    let gone = boss.submit("/admin/settings", "/admin/settings/new-people", &[("policy", "Nothing")]);
    assert_eq!(gone.status, 303);
    assert!(boss.get("/admin/settings").text().contains("One of these policies was deleted"));
}
on_both!(every_new_person_holds_what_the_setting_says);
