//! The grid against a naive model: random filters, orders and data; every page forwards and backwards, on both databases.

use claviger::actions::keys::browse::KeyPage;
use claviger::actions::keys::browse::List;
use claviger::domain::key_filter::{KeyFilter, Sort};
use claviger::domain::paging::Count;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use crate::support::database::Kind;
use crate::support::key_model::{Fact, Model, condition, facts, lower, order, piece};
use crate::support::{TestApp, on_both, operator};

fn eights(page: &KeyPage) -> Vec<String> {
    page.keys.iter().map(|listed| listed.key.first_eight.as_str().to_owned()).collect()
}

fn with_demo(app: &TestApp, keys: usize) -> Vec<Fact> {
    app.run(app.app.fill_demo(keys, 7, |_| {})).expect("a demo");
    facts(app)
}

/// The search box: a text anywhere, but one or two letters or digits where a word begins with them.
fn finds(text: &str, wanted: &str) -> bool {
    let is_short = wanted.chars().count() < 3 && wanted.chars().all(char::is_alphanumeric);
    let begins_word =
        |(at, _): (usize, &str)| text[..at].chars().next_back().is_none_or(|c| " \n_.,:/(@+#'\"-".contains(c));
    if is_short { text.match_indices(wanted).any(begins_word) } else { text.contains(wanted) }
}

fn a_text_of_two_characters_is_found_where_words_begin(app: TestApp) {
    with_demo(&app, 60);
    let rows = |search: &str| {
        let filter = KeyFilter::default().with_search(search).expect("a search text");
        let list = List { filter, sort: Sort::default(), size: 50, cursor: None, count_limit: 10_000 };
        eights(&app.run(app.app.browse_keys(operator().administrator(), &list)).expect("a page"))
    };
    for (number, name) in ["zq at once", "re-zqx", "abzq", "ab (zq)", "zéqx"].iter().enumerate() {
        let changed = format!(
            "UPDATE api_keys SET name = '{name}', name_folded = '{name}', note_folded = '' WHERE id = {}",
            number + 1
        );
        assert_eq!(app.database.execute(&changed), 1);
    }
    let eight =
        |number: usize| app.database.text(&format!("SELECT first_eight AS value FROM api_keys WHERE id = {number}"));
    let sorted = |mut eights: Vec<String>| {
        eights.sort();
        eights
    };
    assert_eq!(sorted(rows("zq")), sorted(vec![eight(1), eight(2), eight(4)]));
    assert_eq!(rows("Zé"), [eight(5)]);
    assert_eq!(rows("zqx"), [eight(2)], "three are looked for anywhere");
    assert_eq!(sorted(rows("bzq")), [eight(3)]);
    let first_two = &eight(9)[..2];
    assert!(rows(first_two).contains(&eight(9)), "the first eight begin a word");
    assert!(rows("*?").is_empty() && rows("[a").is_empty() && rows("._").is_empty(), "signs mean themselves");
}
on_both!(a_text_of_two_characters_is_found_where_words_begin);

fn the_grid_does_what_a_naive_model_does(app: TestApp) {
    let all = with_demo(&app, 400);
    let now = app.clock.now().0;
    let mut rng = StdRng::seed_from_u64(42);
    let columns = ["first_eight", "owner", "name", "status", "created_at", "expires_at", "latest_activity", "uses"];
    let mut with_rows = 0;
    for round in 0..150 {
        let conditions: Vec<(String, String, Model)> =
            (0..rng.random_range(0..4)).map(|_| condition(&mut rng, &all, now)).collect();
        let search = rng.random_bool(0.3).then(|| {
            let example = all.choose(&mut rng).expect("a key").clone();
            let source = [example.name, example.note, example.display, example.eight, example.username];
            let source = source.choose(&mut rng).expect("a text").clone();
            piece(&mut rng, &source)
        });
        let column = *columns.choose(&mut rng).expect("a column");
        let descending = rng.random_bool(0.5);
        let pairs: Vec<(&str, &str)> =
            conditions.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).collect();
        let said = format!("round {round}: {pairs:?} search {search:?} sort {column} {descending}");

        let found = |fact: &&Fact| {
            let low = search.as_ref().map(|search| lower(search));
            let holds = |text: &str| low.as_ref().is_none_or(|low| finds(&lower(text), low));
            conditions.iter().all(|(.., model)| model(fact))
                && [&fact.name, &fact.note, &fact.display, &fact.eight, &fact.username].iter().any(|text| holds(text))
        };
        let mut expected: Vec<&Fact> = all.iter().filter(found).collect();
        expected.sort_by_key(|fact| order(fact, column));
        if descending {
            expected.reverse();
        }
        let expected: Vec<String> = expected.into_iter().map(|fact| fact.eight.clone()).collect();
        with_rows += usize::from(!expected.is_empty());

        let filter = KeyFilter::read(pairs.iter().copied())
            .unwrap_or_else(|broken| panic!("{said}: {broken:?}"))
            .with_search(search.as_deref().unwrap_or_default())
            .expect("a search text");
        assert_eq!(KeyFilter::from_query(&filter.query()).as_ref(), Some(&filter), "{said}: kept by jobs as it is");
        let sort = Sort::read(&format!("{}{column}", if descending { "-" } else { "" })).expect("an order");
        // A low limit makes few keys "many": then the list is walked instead of fetched and sorted.
        let count_limit = *[3, 40, 10_000].choose(&mut rng).expect("a limit");
        let list = |cursor: Option<String>| List { filter: filter.clone(), sort, size: 20, cursor, count_limit };
        let page = |cursor| {
            app.run(app.app.browse_keys(operator().administrator(), &list(cursor)))
                .unwrap_or_else(|error| panic!("{said}: {error}"))
        };

        let (mut got, mut pages, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let page = page(cursor.clone());
            let found = i64::try_from(expected.len()).expect("few");
            assert_eq!(
                page.matching,
                if found > count_limit { Count::Many(count_limit) } else { Count::Exactly(found) },
                "{said}"
            );
            assert_eq!(page.before, i64::try_from(got.len()).expect("few"), "{said}: the position");
            got.extend(eights(&page));
            pages.push(page.clone());
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(got, expected, "{said}");
        for at in (1..pages.len()).rev() {
            let back = page(pages[at].previous.clone());
            assert_eq!(
                (eights(&back), back.before),
                (eights(&pages[at - 1]), pages[at - 1].before),
                "{said}: backwards from page {at}"
            );
        }
        assert!(pages[0].previous.is_none(), "{said}");
    }
    assert!(with_rows > 60, "most rounds find something: {with_rows}");
}
on_both!(the_grid_does_what_a_naive_model_does);

fn a_link_to_a_page_works_for_its_own_list_alone(app: TestApp) {
    with_demo(&app, 60);
    let list = |query: &str, sort: &str, cursor: Option<String>| List {
        filter: KeyFilter::from_query(query).expect("a filter"),
        sort: Sort::read(sort).expect("an order"),
        size: 20,
        cursor,
        count_limit: 10_000,
    };
    let next = app
        .run(app.app.browse_keys(operator().administrator(), &list("", "name", None)))
        .expect("a page")
        .next
        .expect("more");
    assert!(app.run(app.app.browse_keys(operator().administrator(), &list("", "name", Some(next.clone())))).is_ok());
    for other in [
        list("status~in=active", "name", Some(next.clone())),
        list("", "-name", Some(next.clone())),
        list("", "uses", Some(next.clone())),
        list("", "name", Some(format!("{}A", &next[..next.len() - 1]))),
        list("", "name", Some("x".into())),
    ] {
        assert!(
            app.run(app.app.browse_keys(operator().administrator(), &other)).is_err(),
            "docs/rules.md, Q3: {other:?}"
        );
    }
}
on_both!(a_link_to_a_page_works_for_its_own_list_alone);

fn a_position_stays_right_when_keys_come_and_go(app: TestApp) {
    let all = with_demo(&app, 70);
    let list = |cursor| List {
        filter: KeyFilter::default(),
        sort: Sort::read("created_at").expect("an order"),
        size: 20,
        cursor,
        count_limit: 10_000,
    };
    let first = app.run(app.app.browse_keys(operator().administrator(), &list(None))).expect("a page");
    let second = app.run(app.app.browse_keys(operator().administrator(), &list(first.next.clone()))).expect("a page");
    let oldest = all.iter().min_by_key(|fact| fact.created).expect("a key");
    app.database.execute(&format!("DELETE FROM api_keys WHERE id = {}", oldest.id));
    let back = app.run(app.app.browse_keys(operator().administrator(), &list(second.previous))).expect("a page");
    assert_eq!(
        (back.before, back.keys.len(), back.previous),
        (0, 20, None),
        "the first page is full, and nothing is before it"
    );
}
on_both!(a_position_stays_right_when_keys_come_and_go);

/// Filters, one for each column and kind of question, that an index has to answer.
const INDEXED: [&str; 31] = [
    "first_eight~eq=Abcdefgh",
    "first_eight~contains=abc",
    "first_eight~startswith=ab",
    "owner~eq=miriam",
    "owner~contains=miriam",
    "name~eq=ci",
    "name~in=ci;cd",
    "name~contains=jupyter",
    "name~startswith=ci",
    "note~contains=4471",
    "note~isblank=",
    "note~isnonblank=",
    "access~in=scopes",
    "policy~eq=reader",
    "policy~in=reader;writer",
    "policy~contains=read",
    "resource~eq=project:abc",
    "resource~contains=abc",
    "scope~eq=read:data",
    "scope~startswith=read:",
    "status~in=active",
    "status~in=expired;revoked",
    "created_at~lt=2026-01-01",
    "expires_at~next=14",
    "expires_at~isblank=",
    "latest_activity~older=90",
    "latest_activity~isblank=",
    "address~eq=10.0.0.1",
    "address~startswith=10.3.",
    "uses~gt=100000",
    "lifetime_days~gt=90",
];

fn no_filter_and_no_order_scans_the_table_or_sorts_it(app: TestApp) {
    with_demo(&app, 2_000);
    let plan = |query: &str, sort: &str, count_limit: i64| {
        let filter = KeyFilter::from_query(query).unwrap_or_else(|| panic!("{query}"));
        let list = List { filter, sort: Sort::read(sort).expect("an order"), size: 20, cursor: None, count_limit };
        app.run(app.app.explain_list(&list)).expect("a plan")
    };
    let scans = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| line.contains("Seq Scan on api_keys") || *line == "SCAN api_keys").cloned().collect()
    };
    // What an index has presorted, with the unique column in front, is in its order already.
    let presorted = |lines: &[String]| lines.iter().any(|line| line.contains("Presorted Key"));
    let sorts = |lines: &[String]| {
        !presorted(lines) && lines.iter().any(|line| line.contains("Sort Key") || line.contains("USE TEMP B-TREE"))
    };
    for sort in ["first_eight", "owner", "name", "status", "created_at", "expires_at", "latest_activity", "uses"] {
        for sort in [sort.to_owned(), format!("-{sort}")] {
            let walked = plan("", &sort, 10_000);
            assert!(!sorts(&walked), "{sort}: {walked:#?}");
            let filtered = plan("status~in=active;expiring;disabled", &sort, 5);
            assert!(
                !sorts(&filtered),
                "a filter that most keys pass does not keep the list from being walked: {sort}: {filtered:#?}"
            );
        }
    }
    for filter in INDEXED {
        let lines = plan(filter, "created_at", 10_000);
        // Nearly all keys have no note: an index of them would cost each change of a key on Postgres, and help nobody.
        let is_of_nearly_all = filter == "note~isblank=" && app.database.kind == Kind::Postgres;
        assert!(is_of_nearly_all || scans(&lines).is_empty(), "{filter}: {lines:#?}");
        let search = plan("q=jupyter", "created_at", 10_000);
        assert_eq!(scans(&search), [""; 0], "{search:#?}");
    }
}
on_both!(no_filter_and_no_order_scans_the_table_or_sorts_it);

fn the_count_of_live_keys_passes_by_no_key_that_has_expired(app: TestApp) {
    with_demo(&app, 2_000);
    let list =
        List { filter: KeyFilter::default(), sort: Sort::default(), size: 20, cursor: None, count_limit: 10_000 };
    let lines = app.run(app.app.explain_list(&list)).expect("a plan");
    let straight = |line: &&String| line.contains("(standing=? AND ends_at>?)") || line.contains("(standing = ANY (");
    assert_eq!(lines.iter().filter(straight).count(), 1, "{lines:#?}");
}
on_both!(the_count_of_live_keys_passes_by_no_key_that_has_expired);

#[test]
#[ignore = "needs Postgres: run scripts/test"]
fn postgres_neither_compiles_plans_nor_runs_them_in_parallel() {
    use crate::support::database::{Database, Kind};
    let database = Database::new(Kind::Postgres);
    // A server that is eager to do both.
    for setting in ["jit = on", "jit_above_cost = 0", "force_parallel_mode = on", "max_parallel_workers_per_gather = 4"]
    {
        let name = database.url.rsplit('/').next().expect("a name").to_owned();
        database.execute(&format!("ALTER DATABASE {name} SET {setting}"));
    }
    let app = TestApp::start_with(database, |_| {});
    let list =
        List { filter: KeyFilter::default(), sort: Sort::default(), size: 20, cursor: None, count_limit: 10_000 };
    let lines = app.run(app.app.explain_list(&list)).expect("a plan");
    assert!(!lines.iter().any(|line| line.contains("Gather") || line.contains("JIT")), "{lines:#?}");
}
