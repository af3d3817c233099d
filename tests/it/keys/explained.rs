//! What pages tell of a key's use and of its refusals; and that each number is the length of the list that it opens.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight, key_path};
use crate::support::{Client, TestApp, on_both};

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let boss = app.client();
    boss.sign_in("boss", PASSWORD);
    boss
}

fn a_keys_page_says_how_it_is_used_and_why_it_was_refused(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    assert!(miriam.key_page(&secret).text().contains("Never used"));
    let used = || miriam.get(&format!("{}/used", key_path(&secret))).json();
    assert!(used()["used"].is_null(), "it waits for the first use");

    app.verify(&secret);
    app.verify(&secret);
    app.verify_for(&secret, "require_all=write:data&require_all=read:data");
    app.verify_for(&secret, "resource=project:abc");

    assert_eq!(used()["used"], "Used just now from 127.0.0.1");
    let page = miriam.key_page(&secret);
    assert!(page.text().contains("2 good, 0 refused"), "seen before it is written: {}", page.text());
    app.run(app.app.flush_uses()).expect("written");
    let page = miriam.key_page(&secret);
    assert!(page.text().contains("2 good, 2 refused"), "{}", page.text());
    let refusals = page.texts("[aria-labelledby=refused-h] tbody td:last-child");
    assert!(
        refusals.contains(&"The key was asked for write:data read:data, and did not have it.".to_owned()),
        "{refusals:?}"
    );
    assert!(
        refusals.contains(&"The key was asked for project:abc, and is not good for that resource.".to_owned()),
        "{refusals:?}"
    );
    assert_eq!(page.texts("[aria-labelledby=addresses-h] tbody th"), ["127.0.0.1"]);
    assert_eq!(page.texts("[aria-labelledby=addresses-h] tbody td:nth-child(4)"), ["2"]);
    let boss = boss(&app);
    assert!(boss.get(&format!("/admin/api-keys/{}", eight(&secret))).text().contains("2 good, 2 refused"));
    assert_eq!(app.signed_in("chen").get(&format!("{}/used", key_path(&secret))).status, 404);
}
on_both!(a_keys_page_says_how_it_is_used_and_why_it_was_refused);

fn the_addresses_of_a_key_are_bounded(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let id = app.database.texts("SELECT CAST(id AS TEXT) AS value FROM api_keys")[0].clone();
    for n in 0..60 {
        app.database.execute(&format!("INSERT INTO key_addresses (key, address, agent, uses, first_at, last_at) VALUES ({id}, '10.0.0.{n}', '', 1, {n}, {n})"));
    }
    app.verify(&secret);
    app.run(app.app.flush_uses()).expect("written");
    assert_eq!(app.database.count("key_addresses"), 50);
    assert_eq!(app.database.count("key_addresses WHERE address = '127.0.0.1' AND uses = 1"), 1);
}
on_both!(the_addresses_of_a_key_are_bounded);

fn the_number_of_refusals_is_the_sum_of_its_list(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "disable");
    for _ in 0..3 {
        app.verify(&secret);
    }
    app.verify(&format!("clv_{}_{}", "A".repeat(8), "0".repeat(49)));
    app.verify("nonsense");
    app.run(app.app.flush_uses()).expect("written");
    app.verify(&secret);
    app.run(app.app.flush_uses()).expect("written");

    let boss = boss(&app);
    let overview = boss.get("/admin/overview");
    let tile = overview.texts(".tile").into_iter().find(|tile| tile.ends_with("Refusals today")).expect("a tile");
    let list = boss.get(&overview.attribute(".tile[href*=refusals]", "href"));
    assert_eq!(tile, "6Refusals today");
    assert!(list.text().contains("6 refusals on 2026-11-20"), "{}", list.text());
    assert_eq!(list.texts("[aria-label='By reason'] tbody th"), ["Disabled", "No such key"]);
    assert_eq!(list.texts("[aria-label='By reason'] tbody td"), ["4", "2"]);
    assert_eq!(list.texts("[aria-labelledby=keys-h] tbody th"), [eight(&secret), "No key of this server, or purged"]);
    assert_eq!(list.texts("[aria-labelledby=addresses-h] tbody td:nth-child(2)"), ["6"]);
    assert_eq!(boss.get("/admin/refusals?from=tomorow").status, 422);
    assert!(boss.get("/admin/refusals?from=2026-11-01&to=2026-11-19").text().contains("No refusals"));
}
on_both!(the_number_of_refusals_is_the_sum_of_its_list);

fn more_kinds_of_refusals_than_are_told_apart_are_counted_all_the_same(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for n in 0..520 {
        assert_eq!(app.verify_for(&secret, &format!("require_all=p:{n}")).status, 403);
    }
    app.run(app.app.flush_uses()).expect("written");
    assert_eq!(app.database.count("refusals"), 501, "500 kinds, and the rest together");
    assert_eq!(app.database.texts("SELECT CAST(SUM(times) AS TEXT) AS value FROM refusals"), ["520"]);
    assert_eq!(app.database.texts("SELECT CAST(refusals AS TEXT) AS value FROM daily_usage"), ["520"]);
}
on_both!(more_kinds_of_refusals_than_are_told_apart_are_counted_all_the_same);

/// The number of keys that a list of the grid says it has.
fn length(boss: &Client, path: &str) -> String {
    let page = boss.get(path);
    assert_eq!(page.status, 200, "{path}");
    let shown = page.texts(".grid__foot").join(" ");
    let words: Vec<&str> = shown.split_whitespace().collect();
    let of = words.iter().position(|word| *word == "of").unwrap_or_else(|| panic!("{path}: {shown}"));
    words[of + 1].to_owned()
}

fn every_number_that_is_a_link_is_the_length_of_its_list(app: TestApp) {
    app.run(app.app.fill_demo(900, 3, |_| {})).expect("a demo");
    // A disabled key that is past its end is expired, not disabled.
    let now = app.clock.now().0;
    app.database.execute(&format!(
        "UPDATE api_keys SET disabled_at = {now}, disabled_reason = '' WHERE expires_at < {now} AND revoked_at IS NULL"
    ));
    let boss = boss(&app);
    let mut compared = 0;
    let mut compare = |path: &str, selector: &str| {
        let page = boss.get(path);
        assert_eq!(page.status, 200, "{path}");
        let document = scraper::Html::parse_document(&page.body);
        let selector = scraper::Selector::parse(selector).expect("a selector");
        for link in document.select(&selector) {
            let href = link.value().attr("href").expect("a link");
            let text: String = link.text().collect();
            let number: String =
                text.trim().chars().take_while(|c| c.is_ascii_digit() || *c == ',' || *c == '+').collect();
            if !href.starts_with("/admin/api-keys?") || number.is_empty() {
                continue;
            }
            let list = boss.get(href);
            let listed =
                if list.text().contains("No keys match these filters") { "0".into() } else { length(&boss, href) };
            assert_eq!(listed, number, "{path}: {href}");
            compared += 1;
        }
    };
    compare("/admin/overview", "a.tile");
    for path in ["/admin/permissions", "/admin/policies", "/admin/resources", "/admin/users", "/admin/service-accounts"]
    {
        compare(path, "main td a");
    }
    assert!(compared > 60, "{compared} numbers were compared");
    // What a key of the demo did day by day is what it did: as often as it was used, or fewer when it is older than the days.
    let wrong = "api_keys k WHERE (SELECT COALESCE(SUM(uses), 0) FROM key_usage WHERE key = k.id) > use_count \
                 OR (use_count > 0 AND NOT EXISTS (SELECT 1 FROM key_usage WHERE key = k.id))";
    assert_eq!((app.database.count(wrong), app.database.count("key_usage") > 900), (0, true));
    let overview = boss.get("/admin/overview");
    let refused = overview.texts(".tile").into_iter().find(|tile| tile.ends_with("Refusals today")).expect("a tile");
    let listed = boss.get(&overview.attribute(".tile[href*=refusals]", "href")).texts("h1 + p").join("");
    assert_eq!(listed.split(' ').next(), Some(refused.trim_end_matches("Refusals today")), "{listed}");
    let total = boss.get("/admin/api-keys").texts("h1 + p").join("");
    let live = length(&boss, "/admin/api-keys?status~in=active;expiring;disabled");
    assert!(total.starts_with(&format!("900 keys, {live} live")), "{total}");
    assert_eq!(
        app.database
            .count(&format!("api_keys WHERE disabled_at IS NOT NULL AND expires_at < {now} AND revoked_at IS NULL"))
            .min(1),
        1
    );
}
on_both!(every_number_that_is_a_link_is_the_length_of_its_list);

fn what_takes_long_to_count_is_counted_by_the_sweep(app: TestApp) {
    app.database.execute("INSERT INTO kept_counts (name, number, counted_at) VALUES ('live', 7, 0)");
    let boss = boss(&app);
    assert_eq!(
        boss.get("/admin/overview").texts(".tile")[0],
        "0Live keys",
        "few keys are counted at once, whatever was kept"
    );
    app.run(app.app.sweep()).expect("swept");
    assert_eq!(app.database.count("kept_counts WHERE number = 7"), 1, "and need no sweep");
}
on_both!(what_takes_long_to_count_is_counted_by_the_sweep);

fn bulk_changes_are_in_reach_on_every_page_of_administrators(app: TestApp) {
    let boss = boss(&app);
    let secret = boss.secret("ci");
    let draft = boss.submit("/admin/api-keys", &format!("/admin/api-keys/{}/disable", eight(&secret)), &[]);
    let confirm = draft.header("location").to_owned();
    let job = boss.submit(&confirm, &confirm, &[]).header("location").to_owned();
    let work = |path: &str| boss.get(path).texts(".app-nav__work li").join("|");
    assert_eq!(work("/admin/users"), "Disabling 1 API key 0 of 1");
    assert_eq!(boss.get("/admin/users").texts(".app-nav__count"), ["1 running"]);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(work("/admin/audit-log"), "1 API key disabled Undo: 1 API key disabled");
    assert!(boss.get("/admin/api-keys").text().contains("1 API key disabled Undo"));
    boss.submit(&job, &format!("{job}/undo"), &[]);
    app.run(app.app.run_jobs()).expect("done");
    assert_eq!(app.verify(&secret).status, 200);
    app.pass(SignedDuration::from_mins(16));
    assert_eq!(work("/admin/users"), "", "not for ever");
    assert_eq!(app.signed_in("miriam").get("/account").texts(".app-nav__work"), [""; 0]);
}
on_both!(bulk_changes_are_in_reach_on_every_page_of_administrators);

fn a_link_fills_the_form_in_and_makes_nothing(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let page =
        miriam.get("/external-tool-access/generate?name=RStudio&note=lab&scopes=read:data,write:data&expires=30d");
    assert_eq!(page.status, 200);
    assert_eq!((page.attribute("#name", "value"), page.attribute("#note", "value")), ("RStudio".into(), "lab".into()));
    assert_eq!(page.attribute("#expires option[selected]", "value"), "30");
    assert!(page.text().contains("The link asks for read:data, write:data, which you do not have."), "{}", page.text());
    assert!(miriam.get("/external-tool-access/generate?expires=900d").text().contains("the longest allowed is 365"));
    assert_eq!(app.database.count("api_keys"), 0);
    let secret = miriam.secret("x");
    assert_eq!(
        miriam.get(&format!("/external-tool-access/generate?name={secret}")).status,
        400,
        "no key in an address"
    );
}
on_both!(a_link_fills_the_form_in_and_makes_nothing);

fn own_keys_are_managed_seen_or_not_listed(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let (list, path) = ("/external-tool-access", key_path(&secret));
    app.set("own_keys", "view");
    assert!(miriam.get(list).text().contains(eight(&secret)));
    assert!(!miriam.get(list).text().contains("Revoke…") && !miriam.get(&path).text().contains("Revoke…"));
    for operation in ["disable", "enable", "revoke", "rotate"] {
        let form = miriam.get("/external-tool-access/generate").attribute("input[name=form]", "value");
        let fields: &[(&str, &str)] = if operation == "rotate" { &[("old_ends", "0h"), ("form", &form)] } else { &[] };
        let answer = miriam.submit("/account", &format!("{path}/{operation}"), fields);
        let told = if answer.status == 303 { miriam.get(answer.header("location")) } else { answer };
        assert!(
            told.text().contains("only administrators change and revoke"),
            "{operation}: {} {}",
            told.status,
            told.text()
        );
    }
    assert_eq!(app.verify(&secret).status, 200);
    app.set("own_keys", "none");
    assert!(
        !miriam.get(list).text().contains(eight(&secret))
            && miriam.get(list).text().contains("This server does not list them.")
    );
    for page in ["", "/access", "/would-allow", "/rotate", "/edit"] {
        assert_eq!(miriam.get(&format!("{path}{page}")).status, 404, "{page}");
    }
    miriam.secret("another one");
    assert_eq!(app.database.count("api_keys"), 2, "generating is a setting of its own");
    app.set("own_keys", "manage");
    assert_eq!(miriam.act(&secret, "revoke").status, 303);
}
on_both!(own_keys_are_managed_seen_or_not_listed);

fn new_keys_are_turned_off_for_all_for_people_or_for_service_accounts(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let boss = boss(&app);
    let new = "/admin/service-accounts/new";
    assert_eq!(boss.submit(new, new, &[("username", "robot"), ("display_name", "Robot")]).status, 303);
    let server_key = "/admin/service-accounts/robot/generate";
    let generates = |name: &str| {
        miriam.get("/external-tool-access").text().contains("Generate API Key")
            && miriam.get("/external-tool-access/generate").attribute("#name", "id") == name
    };
    let serves = || boss.get(server_key).attribute("#name", "id") == "name";
    assert!(generates("name") && serves());
    let secret = miriam.secret("ci");
    for (setting, people, services) in
        [("allow_creation", false, false), ("user_keys", false, true), ("service_keys", true, false)]
    {
        app.set(setting, "off");
        assert_eq!((generates("name"), serves()), (people, services), "{setting}");
        let rotate = miriam.get(&format!("{}/rotate", key_path(&secret)));
        assert_eq!(
            rotate.attribute("#old-24h", "id") == "old-24h",
            people,
            "{setting}: what is refused is not offered"
        );
        assert_eq!(miriam.key_page(&secret).text().contains("Rotate…"), people, "{setting}");
        assert_eq!(app.verify(&secret).status, 200);
        app.set(setting, "on");
    }
}
on_both!(new_keys_are_turned_off_for_all_for_people_or_for_service_accounts);

fn a_key_counts_in_the_forms_that_are_accepted(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let browser = app.client();
    let sent = |headers: &[(&str, &str)]| browser.get_with("/verify", headers).status;
    let bearer = format!("Bearer {secret}");
    let in_url = format!("/verify?api_key={secret}");
    assert_eq!(
        (sent(&[("authorization", &bearer)]), sent(&[("authorization", &secret)]), browser.get(&in_url).status),
        (200, 401, 401)
    );
    assert_eq!(browser.get(&format!("/api/v1/whoami?api_key={secret}")).status, 400, "whatever key it may be");
    assert_eq!(browser.get("/api/v1/whoami?api_key=nonsense").status, 400);
    app.set("accepted_forms", "x-api-key,raw,query");
    assert_eq!(
        (sent(&[("authorization", &bearer)]), sent(&[("x-api-key", &secret)]), sent(&[("authorization", &secret)])),
        (401, 200, 200)
    );
    assert_eq!(sent(&[("authorization", &bearer), ("x-api-key", &secret)]), 200, "one of two is accepted");
    assert_eq!(sent(&[("authorization", &secret), ("resourceid", "project:abc")]), 403, "there is no such resource");
    assert_eq!(sent(&[("authorization", &secret), ("resourceid", "no resource")]), 401);
    assert_eq!(browser.get(&in_url).status, 200);
    for path in ["/external-tool-access", "/healthz", "/readyz", "/verify/anything", "/api"] {
        assert_eq!(browser.get(&format!("{path}?api_key={secret}")).status, 400, "{path}: no key is looked up there");
    }
    app.run(app.app.flush_uses()).expect("written");
    assert_eq!(app.database.count("audit_events WHERE details LIKE '%form_not_accepted%'"), 1);
    assert!(miriam.key_page(&secret).text().contains("in a form that this server does not accept"));
}
on_both!(a_key_counts_in_the_forms_that_are_accepted);

fn a_session_key_and_an_old_secret_are_known_to_who_looks_them_up(app: TestApp) {
    app.set("session_keys", "on");
    let miriam = app.signed_in("miriam");
    let page = "/external-tool-access";
    let of_session = miriam.submit(page, &format!("{page}/session-keys"), &[]).secret();
    let boss = boss(&app);
    let ask = |pasted: &str| boss.submit("/admin/why-refused", "/admin/why-refused", &[("pasted", pasted)]).text();
    assert!(
        ask(&of_session).contains("This is a session key")
            && ask(&of_session).contains("This key is good at this moment.")
    );
    assert!(ask(eight(&of_session)).contains("Paste the whole key"));
    let ends = app.verify(&of_session).header("x-key-expires-at").to_owned();
    assert_eq!(ends, "2026-11-20T12:30:00Z", "after the time without activity, not after eight hours");

    let old = miriam.secret("ci");
    let rotate = format!("{}/rotate", key_path(&old));
    miriam.submit(&rotate, &rotate, &[("old_ends", "24h")]);
    assert!(
        ask(&old).contains("This is the old secret of this key. It is good until 2026-11-21 12:00 UTC"),
        "{}",
        ask(&old)
    );
}
on_both!(a_session_key_and_an_old_secret_are_known_to_who_looks_them_up);

fn errors_stand_in_the_frame_and_a_used_link_says_so(app: TestApp) {
    let miriam = app.signed_in("miriam");
    for (path, status) in [("/external-tool-access/keys/AAAAAAAA", 404), ("/no/such/page", 404), ("/admin/users", 403)]
    {
        let page = miriam.get(path);
        assert_eq!((page.status, page.texts("nav.app-nav").len()), (status, 1), "{path}");
    }
    assert_eq!(app.client().get("/no/such/page").texts("nav.app-nav").len(), 0);
    let used = app.client().get("/welcome?token=used");
    assert!(
        used.status == 404
            && used.text().contains("This link cannot be used any more")
            && used.text().contains("Sign in")
    );
    assert!(miriam.get("/help").text().contains("When a tool is refused"));
    app.set("site_name", "Plant <Lab>");
    assert_eq!(miriam.get("/help").texts(".app-brand__site"), ["Plant <Lab>"]);
}
on_both!(errors_stand_in_the_frame_and_a_used_link_says_so);

fn a_key_ends_itself_where_the_settings_let_it(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let first =
        miriam.generate_with(&[("name", "first"), ("access", "scopes"), ("scope", "claviger:keys:read")]).secret();
    let second = miriam.secret("second");
    let chen = app.signed_in("chen").secret("of somebody else");
    let end = |secret: &str, eight: &str| {
        let bearer = format!("Bearer {secret}");
        app.client().send("DELETE", &format!("/api/v1/api_keys/{eight}"), &[("authorization", &bearer)], None).status
    };
    assert_eq!(end(&first, eight(&second)), 403, "another key takes the right to revoke keys");
    assert_eq!(end(&first, eight(&chen)), 403);
    app.set("key_may_revoke_itself", "off");
    assert_eq!((end(&first, eight(&first)), app.verify(&first).status), (403, 200));
    app.set("key_may_revoke_itself", "on");
    assert_eq!((end(&first, eight(&first)), app.verify(&first).status, end(&first, eight(&first))), (204, 401, 401));
    assert_eq!(app.verify(&second).status, 200);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke' AND via = 'key'"), 1);
    assert!(miriam.key_page(&first).text().contains(&format!("By key {}", eight(&first))));

    let boss = crate::rights::site(&app);
    let able =
        boss.generate_with(&[("name", "able"), ("access", "scopes"), ("scope", "claviger:keys:revoke")]).secret();
    let other = boss.secret("other");
    assert_eq!((end(&able, eight(&second)), end(&able, eight(&other)), end(&able, eight(&other))), (404, 204, 204));
    assert_eq!(app.verify(&other).status, 401);
}
on_both!(a_key_ends_itself_where_the_settings_let_it);
