//! Name and note of a key.

use crate::support::people::key_path;
use crate::support::{TestApp, on_both};

fn name_and_note_are_changed_and_audited(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let edit = format!("{}/edit", key_path(&secret));
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "ci on main"), ("note", "runner 3")]).status, 303);
    let page = miriam.key_page(&secret);
    assert!(page.text().contains("ci on main") && page.text().contains("runner 3") && page.text().contains("saved."));
    let details = app.database.text("SELECT details AS value FROM audit_events WHERE action = 'key.edit'");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&details).expect("json")["name"],
        serde_json::json!(["ci", "ci on main"])
    );
    assert_eq!(app.verify(&secret).status, 200, "the secret stays what it is");
}
on_both!(name_and_note_are_changed_and_audited);

fn two_people_editing_at_once_notice(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let edit = format!("{}/edit", key_path(&secret));
    let seen = miriam.get(&edit).hidden_fields(&edit);
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "first")]).status, 303);
    let late = miriam.post(&edit, &[("csrf", &seen["csrf"]), ("version", &seen["version"]), ("name", "second")]);
    assert_eq!(late.status, 409);
    assert!(late.text().contains("This key was changed meanwhile."));
    assert!(miriam.key_page(&secret).text().contains("first"));
}
on_both!(two_people_editing_at_once_notice);

fn a_taken_name_and_an_empty_one_are_refused(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (one, _two) = (miriam.secret("one"), miriam.secret("two"));
    let edit = format!("{}/edit", key_path(&one));
    let taken = miriam.submit(&edit, &edit, &[("name", "two")]);
    assert_eq!(
        (taken.status, taken.texts("[data-summary] li")),
        (422, vec!["Another of your keys has this name. Choose another name".into()])
    );
    let empty = miriam.submit(&edit, &edit, &[("name", "  ")]);
    assert_eq!(empty.texts("[data-summary] li"), ["Enter a name"]);
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "one"), ("note", "same name")]).status, 303);
}
on_both!(a_taken_name_and_an_empty_one_are_refused);

fn a_revoked_key_stays_as_it_is(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let edit = format!("{}/edit", key_path(&secret));
    let seen = miriam.get(&edit).hidden_fields(&edit);
    miriam.act(&secret, "revoke");
    let late = miriam.post(&edit, &[("csrf", &seen["csrf"]), ("version", &seen["version"]), ("name", "x")]);
    assert_eq!(late.status, 409);
    assert_eq!(miriam.get(&edit).status, 303, "there is nothing to edit");
}
on_both!(a_revoked_key_stays_as_it_is);

fn the_note_of_an_expired_key_is_edited_also_when_its_name_lives_on(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.generate_with(&[("name", "import"), ("expires", "7")]).secret();
    app.pass(jiff::SignedDuration::from_hours(8 * 24));
    miriam.sign_in("miriam", crate::support::people::PASSWORD);
    miriam.secret("import");
    let edit = format!("{}/edit", key_path(&old));
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "import"), ("note", "the one before")]).status, 303);
    assert!(miriam.key_page(&old).text().contains("the one before"));
    assert_eq!(miriam.submit(&edit, &edit, &[("name", "older import")]).status, 303);
    assert_eq!(miriam.secret("older import").len(), 62, "an expired key does not hold its new name either");
}
on_both!(the_note_of_an_expired_key_is_edited_also_when_its_name_lives_on);
