//! The list of own keys and the page of one.

use jiff::SignedDuration;

use crate::support::people::{PASSWORD, eight};
use crate::support::{TestApp, on_both};

const LIST: &str = "/external-tool-access";

fn the_list_shows_current_keys_newest_first_and_ended_ones_apart(app: TestApp) {
    let miriam = app.signed_in("miriam");
    assert!(miriam.get(LIST).text().contains("No API keys yet"));
    assert!(miriam.get("/external-tool-access?show=ended").text().contains("Nothing here"));
    let (first, second) = (miriam.secret("first"), miriam.secret("second"));
    assert_eq!(miriam.get(LIST).texts("tbody th"), [eight(&second), eight(&first)]);
    assert_eq!(
        miriam.get(LIST).texts("thead th"),
        ["First 8", "Name and note", "Access", "Expires at (UTC)", "Latest activity", "Status", "Actions"]
    );
    miriam.act(&first, "revoke");
    assert_eq!(miriam.get(LIST).texts("tbody th"), [eight(&second)]);
    let ended = miriam.get("/external-tool-access?show=ended");
    assert_eq!(
        (ended.texts("tbody th"), ended.texts(".status")),
        (vec![eight(&first).to_owned()], vec!["Revoked".to_owned()])
    );
    assert!(app.signed_in("chen").get(LIST).text().contains("No API keys yet"), "other people's keys are not there");
}
on_both!(the_list_shows_current_keys_newest_first_and_ended_ones_apart);

fn a_key_that_ends_soon_says_so_and_an_expired_one_offers_another_like_it(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.generate_with(&[("name", "import"), ("note", "nightly"), ("expires", "7")]).secret();
    assert_eq!(miriam.get(LIST).texts(".status"), ["Active"], "a key for a week is not expiring from its first day");
    app.pass(SignedDuration::from_hours(5 * 24 + 15));
    miriam.sign_in("miriam", PASSWORD);
    let list = miriam.get(LIST);
    assert_eq!(list.texts(".status"), ["Expiring"], "in the last fifth of its life");
    assert!(
        list.text().contains("in 1 day") && list.text().contains("1 of your keys expires soon."),
        "{}",
        list.text()
    );
    app.pass(SignedDuration::from_hours(3 * 24));
    miriam.sign_in("miriam", PASSWORD);
    let ended = miriam.get("/external-tool-access?show=ended");
    assert_eq!(ended.texts(".status"), ["Expired"]);
    let like = miriam.get(&format!("/external-tool-access/generate?like={}", eight(&secret)));
    assert_eq!(
        (like.attribute("#name", "value"), like.attribute("#note", "value")),
        ("import".into(), "nightly".into())
    );
}
on_both!(a_key_that_ends_soon_says_so_and_an_expired_one_offers_another_like_it);

fn what_people_type_is_shown_as_text(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let evil = "<img src=x onerror=alert(1)>\"'&lt;";
    let secret = miriam.generate_with(&[("name", evil), ("note", evil)]).secret();
    for path in [LIST, &crate::support::people::key_path(&secret)] {
        let page = miriam.get(path);
        assert!(page.text().contains(evil) && !page.body.contains("<img"), "docs/rules.md, W6: {path}");
    }
}
on_both!(what_people_type_is_shown_as_text);

fn a_keys_page_tells_its_facts_and_history(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "disable");
    let page = miriam.key_page(&secret);
    assert!(page.text().contains("Disabled at (UTC) 2026-11-20 12:00 by Miriam Example"), "{}", page.text());
    let history = page.texts("tbody td:nth-child(2)");
    assert_eq!(history, ["Disabled", "Generated"]);
    assert_eq!(miriam.get("/external-tool-access/keys/short").status, 404);
    assert_eq!(miriam.get("/external-tool-access/keys/%00%0a%3cscript").status, 404);
}
on_both!(a_keys_page_tells_its_facts_and_history);
