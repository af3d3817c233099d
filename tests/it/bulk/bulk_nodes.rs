//! Bulk work on several nodes: one goes on where another ended, and nothing is done twice.

use std::sync::Arc;

use claviger::domain::ids::JobId;
use claviger::domain::key_filter::KeyFilter;
use claviger::domain::paging::Count;
use jiff::SignedDuration;

use crate::bulk::{GRID, confirm, draft};
use crate::support::people::eight;
use crate::support::{TestApp, on_both};

/// A job over 2,500 of 3,000 demo keys, confirmed; gives its number and how many keys it has.
fn large_job(app: &TestApp) -> (JobId, i64) {
    use claviger::actions::Actor;
    use claviger::actions::bulk::draft::Confirmation;
    use claviger::domain::bulk::BulkOperation;
    use claviger::domain::bulk::Selection;
    use claviger::domain::ids::AccountId;
    app.run(app.app.fill_demo(3_000, 1, |_| {})).expect("a demo");
    let id: AccountId = app
        .database
        .text("SELECT CAST(id AS TEXT) AS value FROM accounts WHERE username = 'miriam'")
        .parse()
        .expect("an id");
    let miriam = Actor::cli().on_behalf_of(id, "miriam".into());
    let by = miriam.reauthenticated().expect("the operator may");
    let filter = KeyFilter::from_query("status~notin=revoked").expect("a filter");
    let job = app
        .run(app.app.draft_job(by.administrator(), BulkOperation::Delete, Selection::Matching(filter)))
        .expect("a draft");
    let total = app.run(app.app.find_job(by.administrator(), job)).expect("the draft").job.total;
    let typed = Confirmation { number: total.to_string(), ..Confirmation::default() };
    app.run(app.app.confirm_job(by, job, &typed)).expect("confirmed");
    (job, total)
}

fn another_node_goes_on_where_one_was_killed_and_does_nothing_twice(app: TestApp) {
    use claviger::actions::{App, system_randomness};
    let (job, total) = large_job(&app);
    let before = app.revoked();
    assert!(app.run(app.app.run_one_batch()).expect("a batch"), "there is more to do");
    let after_one = app.revoked() - before;
    assert!(after_one > 0 && after_one < total, "{after_one} of {total}");
    // The first process is gone. A second one waits for its lease to end, and then goes on.
    let second =
        Arc::new(App::start(app.app.config.clone(), app.clock.clone(), system_randomness()).expect("a second node"));
    assert_eq!(app.run(second.run_jobs()).expect("nothing to do"), 0, "the lease of the first is in force");
    assert_eq!(app.revoked() - before, after_one);
    app.pass(SignedDuration::from_secs(20));
    assert_eq!(app.run(second.run_jobs()).expect("the rest is done"), 1);
    assert_eq!(app.revoked() - before, total);
    assert_eq!(
        app.database.count(&format!("audit_events WHERE action = 'key.revoke' AND details LIKE '%\"job\":{job}%'")),
        total
    );
    assert_eq!(app.database.count(&format!("bulk_job_keys WHERE job = {job} AND outcome = 'done'")), total);
    assert_eq!(
        app.database
            .text(&format!("SELECT state || ' ' || CAST(done AS TEXT) AS value FROM bulk_jobs WHERE id = {job}")),
        format!("done {total}")
    );
    assert_eq!(app.work(), 0, "the first, should it come back, finds nothing to do");
    assert!(app.run(app.app.verify_audit(None)).expect("answers").is_ok());
}
on_both!(another_node_goes_on_where_one_was_killed_and_does_nothing_twice);

fn two_nodes_at_once_share_no_batch(app: TestApp) {
    use claviger::actions::{App, system_randomness};
    let (job, total) = large_job(&app);
    let before = app.revoked();
    let second =
        Arc::new(App::start(app.app.config.clone(), app.clock.clone(), system_randomness()).expect("a second node"));
    let nodes: Vec<_> = [Arc::clone(&app.app), second]
        .into_iter()
        .map(|node| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(node.run_jobs()).expect("work")
            })
        })
        .collect();
    let worked: usize = nodes.into_iter().map(|node| node.join().expect("no panic")).sum();
    assert_eq!((worked, app.revoked() - before), (1, total));
    assert_eq!(
        app.database.count(&format!("audit_events WHERE action = 'key.revoke' AND details LIKE '%\"job\":{job}%'")),
        total
    );
}
on_both!(two_nodes_at_once_share_no_batch);

fn stopped_work_says_what_it_reached_and_can_be_undone(app: TestApp) {
    let (job, total) = large_job(&app);
    let before = app.revoked();
    app.run(app.app.run_one_batch()).expect("a batch");
    app.database.execute("UPDATE accounts SET role = 'user' WHERE username = 'miriam'");
    let boss = app.boss();
    assert_eq!(boss.submit(GRID, &format!("/admin/jobs/{job}/stop"), &[]).status, 303);
    app.work();
    let done = app.revoked() - before;
    assert!(done > 0 && done < total);
    let page = boss.get(&format!("/admin/jobs/{job}"));
    assert_eq!(page.texts("h1").len(), 1);
    assert!(page.texts("h1")[0].starts_with("Stopped: 1,000 of "), "{:?}", page.texts("h1"));
    assert!(page.text().contains("were not reached and are as they were"));
    boss.submit(GRID, &format!("/admin/jobs/{job}/undo"), &[]);
    app.work();
    assert_eq!(app.revoked(), before);
    assert_eq!(app.matching(&format!("job~eq={job}")), Count::Exactly(total));
}
on_both!(stopped_work_says_what_it_reached_and_can_be_undone);

fn of_many_confirmations_at_once_one_counts(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secret = miriam.secret("ci");
    let boss = app.boss();
    let path = draft(&boss, &[("key", eight(&secret)), ("do", "delete")]);
    let fields = boss.get(&path).hidden_fields(&path);
    let presses: Vec<_> = (0..12)
        .map(|_| {
            let (boss, path, token) = (boss.clone(), path.clone(), fields["csrf"].clone());
            std::thread::spawn(move || boss.post(&path, &[("csrf", &token)]).status)
        })
        .collect();
    let statuses: Vec<u16> = presses.into_iter().map(|press| press.join().expect("no panic")).collect();
    assert!(statuses.iter().all(|status| *status == 303), "{statuses:?}");
    app.work();
    assert_eq!(app.database.count("audit_events WHERE action = 'job.start'"), 1, "docs/rules.md, C6");
    assert_eq!(app.database.count("audit_events WHERE action = 'key.revoke'"), 1);
}
on_both!(of_many_confirmations_at_once_one_counts);

fn a_job_that_cannot_go_on_keeps_no_other_waiting(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let (one, two) = (miriam.secret("one"), miriam.secret("two"));
    let boss = app.boss();
    for secret in [&one, &two] {
        let path = draft(&boss, &[("key", eight(secret)), ("do", "delete")]);
        confirm(&boss, &path, &[]);
    }
    let without_end = r#"UPDATE bulk_jobs SET operation = '{"expire":{"at":null}}' WHERE id = 1"#;
    app.database.execute(without_end);
    assert!(app.run(app.app.run_jobs()).is_err(), "the first does not know what end it gives");
    assert_eq!([&one, &two].map(|secret| app.verify(secret).status), [200, 401]);
}
on_both!(a_job_that_cannot_go_on_keeps_no_other_waiting);
