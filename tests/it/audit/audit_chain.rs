//! The chain of the audit log: what breaks it is found, and many writers at once keep it whole.

use claviger::domain::audit::EventFilter;
use claviger::domain::audit::chain::Break;

use crate::support::database::Kind;
use crate::support::people::eight;
use crate::support::{TestApp, on_both};

impl TestApp {
    fn verify_audit(&self) -> Result<i64, Break> {
        self.run(self.app.verify_audit(None)).expect("the database answers").map(|whole| whole.events)
    }

    /// As somebody who has the database in hand and takes its guards off.
    fn without_guards(&self, statements: &[&str]) {
        let guards: &[&str] = match self.database.kind {
            Kind::Sqlite => &["DROP TRIGGER audit_events_stay", "DROP TRIGGER audit_events_remain"],
            Kind::Postgres => &["ALTER TABLE audit_events DISABLE TRIGGER audit_events_stay"],
        };
        for statement in guards.iter().chain(statements) {
            self.database.execute(statement);
        }
    }
}

/// An app with seven events: six of a person and her key, one of her account.
fn lived_in(app: &TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    for operation in ["disable", "enable", "disable", "revoke"] {
        miriam.act(&secret, operation);
    }
    assert_eq!(app.verify_audit(), Ok(7));
}

fn an_edited_event_is_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&["UPDATE audit_events SET actor_name = 'somebody else' WHERE sequence = 4"]);
    assert_eq!(app.verify_audit(), Err(Break::Changed(4)));
}
on_both!(an_edited_event_is_found);

fn a_removed_event_is_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&["DELETE FROM audit_events WHERE sequence = 3"]);
    assert_eq!(app.verify_audit(), Err(Break::Gap(2, 4)));
}
on_both!(a_removed_event_is_found);

fn a_removed_event_whose_gap_was_closed_is_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&["DELETE FROM audit_events WHERE sequence = 7", "UPDATE audit_chain SET last_sequence = 6"]);
    assert_eq!(
        app.verify_audit(),
        Ok(6),
        "cutting off the end and its row is the one thing that the log alone cannot show"
    );
    let noted = Some((7, [1; 32]));
    assert_eq!(
        app.run(app.app.verify_audit(noted)).expect("answers").err(),
        Some(Break::CutOff(6, 7)),
        "a noted hash can"
    );
}
on_both!(a_removed_event_whose_gap_was_closed_is_found);

fn an_inserted_event_is_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&[
        "UPDATE audit_events SET sequence = sequence + 100 WHERE sequence > 3",
        "UPDATE audit_events SET sequence = sequence - 99 WHERE sequence > 100",
        "INSERT INTO audit_events (at, actor_name, via, action, target, outcome, details, sequence, hash) \
         SELECT at, actor_name, via, action, target, outcome, details, 4, hash FROM audit_events WHERE sequence = 3",
    ]);
    assert_eq!(app.verify_audit(), Err(Break::Changed(4)));
}
on_both!(an_inserted_event_is_found);

fn swapped_events_are_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&[
        "UPDATE audit_events SET sequence = 1000 WHERE sequence = 4",
        "UPDATE audit_events SET sequence = 4 WHERE sequence = 5",
        "UPDATE audit_events SET sequence = 5 WHERE sequence = 1000",
    ]);
    assert_eq!(app.verify_audit(), Err(Break::Changed(4)));
}
on_both!(swapped_events_are_found);

fn a_cut_off_end_is_found(app: TestApp) {
    lived_in(&app);
    app.without_guards(&["DELETE FROM audit_events WHERE sequence > 5"]);
    assert_eq!(app.verify_audit(), Err(Break::CutOff(5, 7)));
}
on_both!(a_cut_off_end_is_found);

fn a_log_that_was_rewritten_differs_from_what_was_noted(app: TestApp) {
    lived_in(&app);
    let whole = app.run(app.app.verify_audit(None)).expect("answers").expect("whole");
    let noted = Some((whole.last, whole.hash));
    app.signed_in("other");
    assert!(app.run(app.app.verify_audit(noted)).expect("answers").is_ok(), "the log grew");
    let other = Some((whole.last, [7; 32]));
    assert_eq!(app.run(app.app.verify_audit(other)).expect("answers").err(), Some(Break::NotAsNoted(whole.last)));
}
on_both!(a_log_that_was_rewritten_differs_from_what_was_noted);

fn the_database_refuses_to_change_or_remove_events(app: TestApp) {
    lived_in(&app);
    let refused = |statement: &'static str| {
        let database = &app.database;
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| database.execute(statement))).is_err()
    };
    assert!(refused("UPDATE audit_events SET details = '{}' WHERE sequence = 2"), "docs/rules.md, L4");
    assert!(refused("DELETE FROM audit_events WHERE sequence = 2"), "docs/rules.md, L4");
    assert_eq!(app.verify_audit(), Ok(7));
}
on_both!(the_database_refuses_to_change_or_remove_events);

fn sixteen_writers_at_once_keep_the_chain_whole(app: TestApp) {
    let people: Vec<_> = (0..16).map(|n| app.signed_in(&format!("p{n}"))).collect();
    let secrets: Vec<String> = people.iter().map(|client| client.secret("ci")).collect();
    let writers: Vec<_> = people
        .into_iter()
        .zip(secrets)
        .map(|(client, secret)| {
            std::thread::spawn(move || {
                let mut done = 0;
                for n in 0..10 {
                    let operation = if n % 2 == 0 { "disable" } else { "enable" };
                    done += i64::from(client.act(&secret, operation).status == 303);
                }
                assert!(!eight(&secret).is_empty());
                done
            })
        })
        .collect();
    let done: i64 = writers.into_iter().map(|writer| writer.join().expect("no panic")).sum();
    assert_eq!(done, 160, "nobody was turned away");
    assert_eq!(app.verify_audit(), Ok(16 * 3 + 160));
}
on_both!(sixteen_writers_at_once_keep_the_chain_whole);

fn a_page_of_the_log_is_read_along_an_index(app: TestApp) {
    app.run(app.app.fill_demo(300, 7, |_| {})).expect("a demo");
    let text = |text: &str| Some(text.to_owned());
    let filters = [
        EventFilter::default(),
        EventFilter { actor: text("miriam"), ..EventFilter::default() },
        EventFilter { target: text("miriam"), ..EventFilter::default() },
        EventFilter { action: text("key.generate"), ..EventFilter::default() },
        EventFilter { address: text("10.0.0.1"), ..EventFilter::default() },
        EventFilter { outcome: text("failure"), ..EventFilter::default() },
    ];
    for filter in filters {
        let plan = app.run(app.app.explain_audit(&filter)).expect("a plan");
        let sorts = plan.iter().any(|line| line.contains("Sort Key") || line.contains("USE TEMP B-TREE"));
        assert!(!sorts && !plan.iter().any(|line| line.contains("Seq Scan")), "{filter:?}: {plan:#?}");
    }
}
on_both!(a_page_of_the_log_is_read_along_an_index);
