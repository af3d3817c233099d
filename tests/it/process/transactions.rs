//! What a transaction that writes has to bring along, and what one that reads cannot do.

use claviger::domain::accounts::account::Appearance;
use claviger::domain::audit::{Action, Event, Outcome, Via};
use claviger::domain::change::Change;
use claviger::domain::ids::AccountId;
use claviger::domain::time::clock::Timestamp;
use claviger::store::{Error, Store, WriteTx, accounts};

use crate::support::{TestApp, on_both};

fn store(app: &TestApp) -> (Store, AccountId) {
    app.person("ana");
    let id = app.database.texts("SELECT CAST(id AS TEXT) AS value FROM accounts WHERE username = 'ana'").remove(0);
    let (store, _) = Store::open(&app.database.config().database).expect("opens");
    (store, AccountId(id.parse().expect("a number")))
}

fn event(action: Action) -> Event {
    Event {
        at: Timestamp(1),
        actor: None,
        actor_name: "nobody".into(),
        via: Via::System,
        action,
        target: "ana".into(),
        outcome: Outcome::Success,
        details: serde_json::json!({}),
        address: None,
        request: None,
    }
}

fn appearance(app: &TestApp) -> String {
    app.database.texts("SELECT appearance AS value FROM accounts WHERE username = 'ana'").remove(0)
}

fn darken(tx: &mut WriteTx, ana: AccountId) -> Result<(), Error> {
    accounts::set_appearance(tx, ana, Appearance::Dark)
}

fn rule_6_a_change_without_an_event_is_not_committed(app: TestApp) {
    let (store, ana) = store(&app);
    let refused = app.run(store.write(move |tx| darken(tx, ana)));
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
    assert_eq!(appearance(&app), "auto", "nothing was changed");

    app.run(store.write_unaudited("a test", move |tx| darken(tx, ana))).expect("a reason is enough");
    assert_eq!(appearance(&app), "dark");
}
on_both!(rule_6_a_change_without_an_event_is_not_committed);

fn rule_6_an_event_stands_and_falls_with_its_change(app: TestApp) {
    let (store, ana) = store(&app);
    let events = || app.database.texts("SELECT action AS value FROM audit_events WHERE action = 'user.edit'").len();
    let failed: Result<(), Error> = app.run(store.write(move |tx| {
        tx.audit(event(Action::UserEdit));
        darken(tx, ana)?;
        Err(Error::Internal("something else".into()))
    }));
    assert!(failed.is_err());
    assert_eq!((appearance(&app), events()), ("auto".into(), 0));

    app.run(store.write(move |tx| {
        tx.audit(event(Action::UserEdit));
        darken(tx, ana)
    }))
    .expect("written");
    assert_eq!((appearance(&app), events()), ("dark".into(), 1));
}
on_both!(rule_6_an_event_stands_and_falls_with_its_change);

fn a_transaction_that_changes_no_row_needs_no_event(app: TestApp) {
    let (store, _) = store(&app);
    app.run(store.write(|tx| darken(tx, AccountId(987_654)))).expect("nobody was darkened");
}
on_both!(a_transaction_that_changes_no_row_needs_no_event);

fn changes_are_handed_on_when_they_are_committed(app: TestApp) {
    let (store, ana) = store(&app);
    let (sender, changes) = std::sync::mpsc::channel();
    store.changes().listen(move |told| told.iter().for_each(|change| sender.send(*change).expect("the test listens")));
    let failed: Result<(), Error> = app.run(store.write(move |tx| {
        accounts::set_active(tx, ana, false)?;
        Err(Error::Internal("something else".into()))
    }));
    assert!(failed.is_err() && changes.try_recv().is_err(), "nothing was changed");

    app.run(store.write_unaudited("a test", move |tx| accounts::set_active(tx, ana, false))).expect("written");
    assert_eq!(changes.try_recv().expect("handed on"), Change::Owner(ana));
}
on_both!(changes_are_handed_on_when_they_are_committed);
