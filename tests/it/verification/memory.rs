//! Facts about keys in memory: what is known is not asked for again, and never outlives a change.

use claviger::actions::verification::KeyFacts;
use claviger::actions::verification::verify::{Presenter, Verdict};
use claviger::actions::{App, system_randomness};
use claviger::domain::accounts::account::Username;
use claviger::domain::change::Change;
use claviger::domain::keys::presented::Forms;
use claviger::domain::keys::secret::Secret;
use claviger::domain::rights::Required;
use claviger::domain::settings::Setting;
use claviger::store::feed::Position;
use futures_util::FutureExt;
use jiff::SignedDuration;

use crate::rights::{give, policy, site};
use crate::support::database::Kind;
use crate::support::people::key_path;
use crate::support::{TestApp, on_both, operator};

/// Another server on the same database; it follows the change feed when a test says so.
fn another(app: &TestApp, bound: u64) -> App {
    let mut config = app.database.config();
    config.revocation_bound = bound;
    App::start(config, app.clock.clone(), system_randomness()).expect("the app starts")
}

fn is_good(app: &TestApp, node: &App, secret: &str) -> bool {
    let client = Presenter { address: None, agent: "", forms: Forms::usual() };
    let verdict = app.run(node.verify(secret, &Required::default(), client)).expect("known");
    matches!(verdict, Verdict::Good(_))
}

/// Revokes all keys as no server does: without telling anybody.
fn revoke_untold(app: &TestApp) {
    app.database.execute("UPDATE api_keys SET revoked_at = 1");
}

fn what_is_known_is_not_asked_for_again(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    assert!(is_good(&app, &app.app, &secret));
    assert_eq!(app.app.known_keys(), 1);
    revoke_untold(&app);
    assert!(is_good(&app, &app.app, &secret), "the database was not asked");

    app.run(app.app.change_settings(operator(), vec![(Setting::KeyMayCreate, "on".into())])).expect("changed");
    assert!(!is_good(&app, &app.app, &secret), "a change of everything has it asked again");
}
on_both!(what_is_known_is_not_asked_for_again);

fn set_hash(app: &TestApp, bytes: &[u8]) {
    let digits = hex::encode(bytes);
    let literal = match app.database.kind {
        Kind::Sqlite => format!("x'{digits}'"),
        Kind::Postgres => format!("'\\x{digits}'"),
    };
    assert_eq!(app.database.execute(&format!("UPDATE api_keys SET secret_hash = {literal}")), 1);
}

fn an_unknown_key_is_not_asked_for_again_at_once(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let hash = Secret::parse(&app.app.config.prefixes, &secret).expect("a secret").hash();
    assert!(is_good(&app, &app.app, &secret));
    set_hash(&app, &[0; 32]);
    app.tell_changes();
    assert!(!is_good(&app, &app.app, &secret));
    assert_eq!(app.app.known_keys(), 0, "what is unknown takes no place of a key");
    set_hash(&app, hash.as_bytes());
    assert!(!is_good(&app, &app.app, &secret), "the database was not asked");
    app.pass(SignedDuration::from_mins(1));
    assert!(is_good(&app, &app.app, &secret), "it is asked once a minute");
}
on_both!(an_unknown_key_is_not_asked_for_again_at_once);

fn rule_8_a_revocation_on_another_server_counts_after_the_next_look_at_the_feed(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (ended, kept) = (miriam.secret("ends"), miriam.secret("stays"));
    let other = another(&app, 60_000);
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &ended) && is_good(&app, &other, &kept));
    assert_eq!(other.known_keys(), 2);

    miriam.act(&ended, "revoke");
    assert!(!is_good(&app, &app.app, &ended), "at once where it was done");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &ended));

    revoke_untold(&app);
    assert!(is_good(&app, &other, &kept), "what did not change is not asked for again");
}
on_both!(rule_8_a_revocation_on_another_server_counts_after_the_next_look_at_the_feed);

fn rule_8_without_the_feed_the_database_is_asked(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let other = another(&app, 100);
    assert!(is_good(&app, &other, &secret), "before the feed was asked at all");
    revoke_untold(&app);
    assert!(!is_good(&app, &other, &secret), "nothing was trusted");

    app.database.execute("UPDATE api_keys SET revoked_at = NULL");
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret));
    revoke_untold(&app);
    let began = std::time::Instant::now();
    while is_good(&app, &other, &secret) {
        assert!(began.elapsed().as_secs() < 60, "memory is trusted past the bound");
    }
}
on_both!(rule_8_without_the_feed_the_database_is_asked);

fn a_key_that_is_not_good_is_asked_for_once_a_minute_as_an_unknown_one_is(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    miriam.act(&secret, "disable");
    assert!(!is_good(&app, &app.app, &secret));
    app.database.execute("UPDATE api_keys SET disabled_at = NULL");
    assert!(!is_good(&app, &app.app, &secret), "the database was not asked");
    app.pass(SignedDuration::from_mins(1));
    assert!(is_good(&app, &app.app, &secret));
}
on_both!(a_key_that_is_not_good_is_asked_for_once_a_minute_as_an_unknown_one_is);

fn rule_8_a_number_that_the_database_gave_twice_is_another_change(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let other = another(&app, 60_000);
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret));
    // A failover loses the latest change, and another one gets its number.
    revoke_untold(&app);
    app.database.execute("DELETE FROM changes WHERE id = (SELECT last_change FROM audit_chain)");
    app.database.execute("INSERT INTO changes (id, changed) SELECT last_change, '[]' FROM audit_chain");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &secret));

    app.database.execute("UPDATE api_keys SET revoked_at = NULL");
    app.tell_changes();
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret));
    // The same, and one more change.
    revoke_untold(&app);
    let name = Username::parse("miriam").expect("a name");
    app.database.execute("INSERT INTO changes (id, changed) SELECT last_change, '[]' FROM audit_chain");
    app.run(app.app.deactivate_user(operator(), &name)).expect("deactivated");
    app.database.execute("UPDATE accounts SET active = TRUE");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &secret));
}
on_both!(rule_8_a_number_that_the_database_gave_twice_is_another_change);

fn rule_8_a_server_that_slept_for_too_long_forgets_everything(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let other = another(&app, 60_000);
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret));
    // What it missed was written, and has been removed since.
    revoke_untold(&app);
    app.database.execute("UPDATE audit_chain SET last_change = last_change + 5000");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &secret));
}
on_both!(rule_8_a_server_that_slept_for_too_long_forgets_everything);

fn rule_8_what_a_server_of_a_version_before_changes_counts_too(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let other = another(&app, 60_000);
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret));
    // It writes its event, and tells no change.
    revoke_untold(&app);
    app.database.execute("UPDATE audit_chain SET last_sequence = last_sequence + 1");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &secret));

    // A server that tells changes writes before anybody has looked.
    app.database.execute("UPDATE api_keys SET revoked_at = NULL");
    app.run(other.follow_changes());
    assert!(!is_good(&app, &other, &secret), "nothing was told");
    app.database.execute("UPDATE audit_chain SET last_sequence = last_sequence + 1");
    let name = Username::parse("miriam").expect("a name");
    app.run(app.app.deactivate_user(operator(), &name)).expect("deactivated");
    app.run(app.app.activate_user(operator(), &name)).expect("activated");
    app.run(other.follow_changes());
    assert!(is_good(&app, &other, &secret), "it told that everything may have changed");
}
on_both!(rule_8_what_a_server_of_a_version_before_changes_counts_too);

/// What the feed says after `seen`, as a server reads it.
fn read(app: &TestApp, seen: Option<Position>) -> (Position, Vec<Change>) {
    let (store, _) = claviger::store::Store::open(&app.database.config().database).expect("opens");
    app.run(store.read_feed(seen)).expect("read")
}

fn the_feed_tells_what_changed_once_and_in_order(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (first, second) = (miriam.secret("first"), miriam.secret("second"));
    let (position, changes) = read(&app, None);
    assert_eq!(changes, [Change::Everything], "whoever has seen nothing knows nothing");
    assert_eq!(read(&app, Some(position)).1, []);
    miriam.act(&second, "revoke");
    miriam.act(&first, "disable");
    let (position, changes) = read(&app, Some(position));
    let id = |name: &str| {
        let id = app.database.text(&format!("SELECT CAST(id AS TEXT) AS value FROM api_keys WHERE name = '{name}'"));
        Change::Key(claviger::domain::ids::KeyId(id.parse().expect("a number")))
    };
    assert_eq!(changes, [id("second"), id("first")]);
    assert_eq!(read(&app, Some(position)).1, []);
    assert!(app.database.count("changes") <= 256);
}
on_both!(the_feed_tells_what_changed_once_and_in_order);

fn what_a_gateway_reads_about_an_owner_is_what_is_true(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let seen = || {
        let answer = app.verify(&secret);
        (answer.header("remote-name").to_owned(), answer.header("remote-email").to_owned())
    };
    let name = Username::parse("miriam").expect("a name");
    let edit = |display_name: &str, email: &str| {
        let edited = app.app.edit_person(operator(), &name, display_name.into(), Some(email.into()));
        app.run(edited).expect("edited");
    };
    for (display_name, email) in [("Miriam", "one@example.org"), ("Mim", "one@example.org"), ("Mim", "two@example.org")]
    {
        edit(display_name, email);
        assert_eq!(seen(), (display_name.to_owned(), email.to_owned()));
    }
}
on_both!(what_a_gateway_reads_about_an_owner_is_what_is_true);

/// What a server says of a key: whose it is and what it may do, or that it is not good.
fn said(verdict: Result<Verdict<std::sync::Arc<KeyFacts>>, claviger::actions::Error>) -> String {
    match verdict.expect("known") {
        Verdict::Good(facts) => format!("{:?} {:?}", facts.owner.username, facts.rights.text),
        Verdict::Refused(reason) => reason.as_str().to_owned(),
        Verdict::Insufficient(_) | Verdict::TooMany(_) | Verdict::InUrl => "otherwise".to_owned(),
    }
}

fn secrets_that_are_looked_up_together_get_each_its_own_answer(app: TestApp) {
    let boss = site(&app);
    app.set("session_keys", "on");
    policy(&boss, "Reader", &["read:data"]);
    policy(&boss, "Writer", &["write:data"]);
    let mut secrets = vec![format!("clv_{}", "0".repeat(58))];
    for (name, held, scope) in
        [("ana", "Reader", "read:data"), ("ben", "Writer", "write:data"), ("eve", "Reader", "read:data")]
    {
        let person = app.signed_in(name);
        give(&boss, name, &[held]);
        secrets.push(person.submit("/external-tool-access", "/external-tool-access/session-keys", &[]).secret());
        let [inherits, stopped, replaced] = ["inherits", "stopped", "replaced"].map(|key| person.secret(key));
        person.act(&stopped, "revoke");
        let rotate = format!("{}/rotate", key_path(&replaced));
        secrets.push(person.submit(&rotate, &rotate, &[("old_ends", "1h")]).secret());
        secrets.extend([inherits, stopped, replaced]);
        secrets.push(person.generate_with(&[("name", "listed"), ("access", "scopes"), ("scope", scope)]).secret());
    }
    let client = Presenter { address: None, agent: "", forms: Forms::usual() };
    let demand = Required::default();
    let alone = another(&app, 60_000);
    let expected: Vec<String> =
        secrets.iter().map(|secret| said(app.run(alone.verify(secret, &demand, client)))).collect();
    for (owner, right) in [("ana", "read:data"), ("ben", "write:data"), ("eve", "read:data")] {
        let good = expected.iter().filter(|said| said.contains(owner) && said.contains(right)).count();
        assert_eq!(good, 5, "a session key and the keys of {owner}, one of them with two secrets: {expected:?}");
    }

    let node = another(&app, 60_000); // it knows nothing yet
    let together: Vec<String> = app.run(async {
        let asked = secrets.iter().chain(&secrets).map(|secret| node.verify(secret, &demand, client));
        futures_util::future::join_all(asked).await.into_iter().map(said).collect()
    });
    assert_eq!(together, [expected.clone(), expected].concat());
}
on_both!(secrets_that_are_looked_up_together_get_each_its_own_answer);

fn who_goes_away_leaves_nobody_waiting(app: TestApp) {
    let secret = app.signed_in("miriam").secret("ci");
    let (client, demand) = (Presenter { address: None, agent: "", forms: Forms::usual() }, Required::default());
    let node = another(&app, 60_000);
    app.run(async {
        for _ in 0..20 {
            // Asked once, and dropped wherever it is by then: before its turn, or while the database is asked.
            for polls in 0..6 {
                let mut gone = Box::pin(node.verify(&secret, &demand, client));
                for _ in 0..polls {
                    if (&mut gone).now_or_never().is_some() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            let verdict = node.verify(&secret, &demand, client).await.expect("known");
            assert!(matches!(verdict, Verdict::Good(_)));
        }
    });
}
on_both!(who_goes_away_leaves_nobody_waiting);
