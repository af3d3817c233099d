//! Revoke.

use crate::support::people::{eight, key_path};
use crate::support::{TestApp, on_both};

fn the_question_names_the_key_and_its_last_use(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("Nightly import");
    let question = miriam.get(&format!("{}/revoke", key_path(&secret)));
    assert!(question.text().contains(&format!("Revoke key {}?", eight(&secret))));
    assert!(question.text().contains("Nightly import , never used."));
    app.verify(&secret);
    let question = miriam.get(&format!("{}/revoke", key_path(&secret)));
    assert!(question.text().contains("last used just now from 127.0.0.1"), "{}", question.text());
}
on_both!(the_question_names_the_key_and_its_last_use);

fn revoking_ends_every_secret_of_the_key_for_good(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let old = miriam.secret("ci");
    let rotate = format!("{}/rotate", key_path(&old));
    let new = miriam.submit(&rotate, &rotate, &[("old_ends", "7d")]).secret();
    assert_eq!((app.verify(&old).status, app.verify(&new).status), (200, 200));
    for _ in 0..2 {
        assert_eq!(miriam.act(&new, "revoke").status, 303);
    }
    assert_eq!((app.verify(&old).status, app.verify(&new).status), (401, 401));
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke'"), 1);
    miriam.act(&new, "enable");
    assert_eq!(app.verify(&new).status, 401, "nothing brings it back");
    assert_eq!(miriam.get(&format!("{}/revoke", key_path(&new))).status, 303);
}
on_both!(revoking_ends_every_secret_of_the_key_for_good);
