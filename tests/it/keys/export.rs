//! Exports: the list in its order, in the columns that are shown, without secrets and formulas, audited.

use std::io::Read;

use crate::support::people::{PASSWORD, eight};
use crate::support::{Client, TestApp, on_both};

fn boss(app: &TestApp) -> Client {
    app.admin("boss");
    let client = app.client();
    client.sign_in("boss", PASSWORD);
    client
}

fn an_export_holds_the_list_in_its_order_and_columns(app: TestApp) {
    let miriam = app.signed_in("miriam");
    let secrets: Vec<String> = ["b", "a", "c"].iter().map(|name| miriam.secret(name)).collect();
    miriam.act(&secrets[2], "revoke");
    let boss = boss(&app);
    let csv = boss.get("/admin/api-keys/export.csv?status~in=active&sort=name&cols=first_eight,owner,name");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"api-keys-2026-11-20.csv\"");
    let expected = format!(
        "first_eight,owner,owner_name,name\r\n{},miriam,Miriam Example,a\r\n{},miriam,Miriam Example,b\r\n",
        eight(&secrets[1]),
        eight(&secrets[0])
    );
    let quoted = |line: &str| line.split(',').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",") + "\r\n";
    let expected: String = expected.lines().map(quoted).collect();
    assert_eq!(csv.body, expected);
    let tsv = boss.get("/admin/api-keys/export.tsv?view=all&sort=name&cols=name,status");
    assert_eq!(tsv.body, "name\tstatus\r\na\tactive\r\nb\tactive\r\nc\trevoked\r\n");
    let lines = boss.get("/admin/api-keys/export.jsonl?view=all&sort=name&columns=all").body;
    let objects: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[2]["status"], "revoked");
    assert_eq!(objects[0]["created_at"], "2026-11-20T12:00:00Z");
    assert_eq!(objects[0]["latest_activity"], serde_json::Value::Null);
    for secret in &secrets {
        assert!(!lines.contains(&secret[13..25]), "docs/rules.md, Q7");
    }
    assert!(!lines.contains("hash"));
    let events =
        app.database.texts("SELECT details AS value FROM audit_events WHERE action = 'key.export' ORDER BY sequence");
    assert_eq!(events.len(), 3);
    assert!(events[0].contains("\"keys\":2") && events[0].contains("\"form\":\"csv\""), "{}", events[0]);
}
on_both!(an_export_holds_the_list_in_its_order_and_columns);

fn cells_that_begin_like_a_formula_are_neutralised_but_not_in_json(app: TestApp) {
    let miriam = app.signed_in("miriam");
    miriam.generate_with(&[("name", "=HYPERLINK(\"x\")"), ("note", "@SUM(1), \"quoted\"")]);
    miriam.generate_with(&[("name", "separators"), ("note", "x;=1+1;y")]);
    let boss = boss(&app);
    let other = boss.get("/admin/api-keys/export.csv?name~eq=separators&cols=name,note").body;
    assert_eq!(other, "\"name\",\"note\"\r\n\"separators\",\"x;'=1+1;y\"\r\n", "S19");
    let csv = boss.get("/admin/api-keys/export.csv?name~contains=HYPER&cols=name,note").body;
    assert_eq!(
        csv, "\"name\",\"note\"\r\n\"'=HYPERLINK(\"\"x\"\")\",\"'@SUM(1), \"\"quoted\"\"\"\r\n",
        "docs/rules.md, Q6"
    );
    let json: serde_json::Value =
        serde_json::from_str(&boss.get("/admin/api-keys/export.jsonl?name~contains=HYPER&cols=name,note").body)
            .expect("JSON");
    assert_eq!(json["name"], "=HYPERLINK(\"x\")");
}
on_both!(cells_that_begin_like_a_formula_are_neutralised_but_not_in_json);

fn a_broken_filter_exports_nothing(app: TestApp) {
    let boss = boss(&app);
    for bad in [
        "export.csv?expires_at~lt=tomorow",
        "export.csv?nonsense=1",
        "export.csv?sort=secret_hash",
        "export.csv?cols=secret_hash",
    ] {
        assert_eq!(boss.get(&format!("/admin/api-keys/{bad}")).status, 400, "{bad}");
    }
    assert_eq!(boss.get("/admin/api-keys/export.exe?view=all").status, 404);
    assert_eq!(app.database.count("audit_events WHERE action = 'key.export'"), 0);
}
on_both!(a_broken_filter_exports_nothing);

fn every_batch_of_a_long_export_is_there_once(app: TestApp) {
    app.run(app.app.fill_demo(4_500, 1, |_| {})).expect("a demo");
    let boss = boss(&app);
    for sort in ["name", "-status", "owner"] {
        let body = boss.get(&format!("/admin/api-keys/export.csv?view=all&cols=first_eight&sort={sort}")).body;
        let mut keys: Vec<&str> = body.lines().skip(1).collect();
        assert_eq!(keys.len(), 4_500, "{sort}");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 4_500, "{sort}");
    }
}
on_both!(every_batch_of_a_long_export_is_there_once);

#[test]
fn a_workbook_holds_texts_and_numbers() {
    let app = TestApp::start(crate::support::database::Kind::Sqlite);
    app.signed_in("miriam").generate_with(&[("name", "=1+1")]);
    let boss = boss(&app);
    let bytes = boss.bytes("/admin/api-keys/export.xlsx?view=all&cols=name,uses");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &bytes).expect("written");
    let script =
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.read('xl/worksheets/sheet1.xml').decode())";
    let unpacked =
        std::process::Command::new("python3").args(["-c", script]).arg(file.path()).output().expect("python3 runs");
    let mut sheet = String::new();
    unpacked.stdout.as_slice().read_to_string(&mut sheet).expect("text");
    assert!(sheet.contains("=1+1") && !sheet.contains("<f>"), "a text, no formula: {sheet}");
}
