//! The naive model of the grid: keys as plain facts, conditions as closures, the order as a tuple.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::TestApp;
use super::database::Kind;

const DAY: i64 = 86_400_000_000;

/// A key as a plain list of facts, read with plain SQL.
#[derive(Debug, Clone)]
pub struct Fact {
    pub id: i64,
    pub eight: String,
    pub username: String,
    pub display: String,
    pub kind: String,
    pub name: String,
    pub note: String,
    pub created: i64,
    pub expires: Option<i64>,
    pub disabled: bool,
    pub revoked: bool,
    pub used: Option<i64>,
    pub address: Option<String>,
    pub uses: i64,
    pub policy: Option<String>,
    pub resource: Option<(String, String)>,
    pub scopes: Vec<String>,
}

pub fn facts(app: &TestApp) -> Vec<Fact> {
    let mark = if app.database.kind == Kind::Sqlite { "char(31)" } else { "chr(31)" };
    let scopes = if app.database.kind == Kind::Sqlite {
        "COALESCE((SELECT group_concat(p.name, ';') FROM key_scopes s JOIN permissions p ON p.id = s.permission WHERE s.key = k.id), '')"
    } else {
        "COALESCE((SELECT string_agg(p.name, ';') FROM key_scopes s JOIN permissions p ON p.id = s.permission WHERE s.key = k.id), '')"
    };
    let columns = [
        "CAST(k.id AS TEXT)",
        "k.first_eight",
        "a.username",
        "a.display_name",
        "a.kind",
        "k.name",
        "k.note",
        "CAST(k.created_at AS TEXT)",
        "COALESCE(CAST(k.expires_at AS TEXT), '')",
        "CASE WHEN k.disabled_at IS NULL THEN '' ELSE 'x' END",
        "CASE WHEN k.revoked_at IS NULL THEN '' ELSE 'x' END",
        "COALESCE(CAST(k.last_used_at AS TEXT), '')",
        "COALESCE(k.last_used_address, '')",
        "CAST(k.use_count AS TEXT)",
        "COALESCE((SELECT p.name FROM policies p WHERE p.id = k.policy), '')",
        "COALESCE((SELECT r.kind || ':' || r.external_id FROM resources r WHERE r.id = k.resource), '')",
        "COALESCE((SELECT r.title FROM resources r WHERE r.id = k.resource), '')",
        scopes,
    ];
    let row = columns.join(&format!(" || {mark} || "));
    let rows = app
        .database
        .texts(&format!("SELECT {row} AS value FROM api_keys k JOIN accounts a ON a.id = k.owner ORDER BY k.id"));
    let fact = |row: String| {
        let f: Vec<&str> = row.split('\u{1f}').collect();
        let some = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a number"));
        Fact {
            id: f[0].parse().expect("an id"),
            eight: f[1].into(),
            username: f[2].into(),
            display: f[3].into(),
            kind: f[4].into(),
            name: f[5].into(),
            note: f[6].into(),
            created: f[7].parse().expect("a moment"),
            expires: some(f[8]),
            disabled: !f[9].is_empty(),
            revoked: !f[10].is_empty(),
            used: some(f[11]),
            address: (!f[12].is_empty()).then(|| f[12].to_owned()),
            uses: f[13].parse().expect("a number"),
            policy: (!f[14].is_empty()).then(|| f[14].to_owned()),
            resource: (!f[15].is_empty()).then(|| (f[15].to_owned(), f[16].to_owned())),
            scopes: f[17].split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        }
    };
    rows.into_iter().map(fact).collect()
}

impl Fact {
    pub fn status(&self, now: i64) -> &'static str {
        match (self.revoked, self.disabled, self.expires) {
            (true, ..) => "revoked",
            (_, _, Some(end)) if end <= now => "expired",
            (_, true, _) => "disabled",
            (_, _, Some(end)) if end <= now + 14 * DAY && (end - now) * 5 <= end - self.created => "expiring",
            _ => "active",
        }
    }

    pub fn rank(&self) -> i64 {
        if self.revoked { 2 } else { i64::from(self.disabled) }
    }
}

pub type Model = Box<dyn Fn(&Fact) -> bool>;

pub fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// A random piece of a text: what somebody would type to find it.
pub fn piece(rng: &mut StdRng, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = rng.random_range(0..chars.len().max(1)).min(chars.len().saturating_sub(1));
    let piece: String = chars.iter().skip(from).take(rng.random_range(1..8)).collect();
    let piece = piece.trim().to_owned();
    if piece.is_empty() {
        "a".into()
    } else if rng.random_bool(0.3) {
        piece.to_uppercase()
    } else {
        piece
    }
}

fn day(micros: i64) -> String {
    claviger::domain::time::clock::Timestamp(micros).day()
}

fn midnight(micros: i64) -> i64 {
    micros.div_euclid(DAY) * DAY
}

#[expect(clippy::too_many_lines, reason = "one arm for each column")]
/// A random condition: as a pair of the URL, and as the model has it.
pub fn condition(rng: &mut StdRng, all: &[Fact], now: i64) -> (String, String, Model) {
    let example = all.choose(rng).expect("a key").clone();
    match rng.random_range(0..12) {
        0 => {
            let statuses: Vec<&'static str> = ["active", "expiring", "expired", "disabled", "revoked"]
                .into_iter()
                .filter(|_| rng.random_bool(0.4))
                .collect();
            let statuses = if statuses.is_empty() { vec!["expired"] } else { statuses };
            let wanted = rng.random_bool(0.7);
            let value = statuses.join(";");
            let name = if wanted { "status~in" } else { "status~notin" };
            (name.into(), value, Box::new(move |fact| statuses.contains(&fact.status(now)) == wanted))
        }
        1 => {
            let (column, get): (&str, fn(&Fact) -> String) = match rng.random_range(0..3) {
                0 => ("name", |fact| lower(&fact.name)),
                1 => ("note", |fact| lower(&fact.note)),
                _ => ("first_eight", |fact| lower(&fact.eight)),
            };
            let source = match column {
                "name" => &example.name,
                "note" => &example.note,
                _ => &example.eight,
            };
            let value = piece(rng, source);
            let low = lower(&value);
            match rng.random_range(0..4) {
                0 => (format!("{column}~doesnotcontain"), value, Box::new(move |fact| !get(fact).contains(&low))),
                1 => (format!("{column}~startswith"), value, Box::new(move |fact| get(fact).starts_with(&low))),
                _ => (format!("{column}~contains"), value, Box::new(move |fact| get(fact).contains(&low))),
            }
        }
        2 => match rng.random_range(0..4) {
            0 => (
                "owner~eq".into(),
                example.username.clone(),
                Box::new(move |fact| {
                    lower(&fact.username) == lower(&example.username)
                        || lower(&fact.display) == lower(&example.username)
                }),
            ),
            1 => (
                "owner~neq".into(),
                example.display.clone(),
                Box::new(move |fact| lower(&fact.display) != lower(&example.display)),
            ),
            2 => {
                let value = piece(rng, &example.display);
                let low = lower(&value);
                (
                    "owner~contains".into(),
                    value,
                    Box::new(move |fact| lower(&fact.display).contains(&low) || fact.username.contains(&low)),
                )
            }
            _ => ("owner_type~in".into(), "service".into(), Box::new(|fact| fact.kind == "service")),
        },
        3 => {
            let moment = example.expires.unwrap_or(now);
            let (from, to) = (midnight(moment), midnight(moment + 60 * DAY));
            match rng.random_range(0..5) {
                0 => (
                    "expires_at~lt".into(),
                    day(moment),
                    Box::new(move |fact| fact.expires.is_some_and(|at| at < from)),
                ),
                1 => (
                    "expires_at~gte".into(),
                    day(moment),
                    Box::new(move |fact| fact.expires.is_some_and(|at| at >= from)),
                ),
                2 => (
                    "expires_at~between".into(),
                    format!("{};{}", day(moment), day(to)),
                    Box::new(move |fact| fact.expires.is_some_and(|at| at >= from && at < to + DAY)),
                ),
                3 => (
                    "expires_at~next".into(),
                    "30".into(),
                    Box::new(move |fact| fact.expires.is_some_and(|at| at > now && at <= now + 30 * DAY)),
                ),
                _ => ("expires_at~isblank".into(), String::new(), Box::new(|fact| fact.expires.is_none())),
            }
        }
        4 => {
            let moment = example.used.unwrap_or(now);
            let from = midnight(moment);
            match rng.random_range(0..4) {
                0 => (
                    "latest_activity~older".into(),
                    "45".into(),
                    Box::new(move |fact| fact.used.is_some_and(|at| at < now - 45 * DAY)),
                ),
                1 => ("latest_activity~isblank".into(), String::new(), Box::new(|fact| fact.used.is_none())),
                2 => ("latest_activity~isnonblank".into(), String::new(), Box::new(|fact| fact.used.is_some())),
                _ => (
                    "latest_activity~gte".into(),
                    day(moment),
                    Box::new(move |fact| fact.used.is_some_and(|at| at >= from)),
                ),
            }
        }
        5 => {
            let from = midnight(example.created);
            if rng.random_bool(0.5) {
                ("created_at~lt".into(), day(example.created), Box::new(move |fact| fact.created < from))
            } else {
                (
                    "created_at~between".into(),
                    format!("{};{}", day(from), day(from + 30 * DAY)),
                    Box::new(move |fact| fact.created >= from && fact.created < from + 31 * DAY),
                )
            }
        }
        6 => {
            let n = example.uses;
            match rng.random_range(0..4) {
                0 => ("uses~eq".into(), n.to_string(), Box::new(move |fact| fact.uses == n)),
                1 => ("uses~neq".into(), n.to_string(), Box::new(move |fact| fact.uses != n)),
                2 => ("uses~gt".into(), n.to_string(), Box::new(move |fact| fact.uses > n)),
                _ => (
                    "uses~between".into(),
                    format!("{n};{}", n * 2),
                    Box::new(move |fact| fact.uses >= n && fact.uses <= n * 2),
                ),
            }
        }
        7 => {
            let address = example.address.clone().unwrap_or_else(|| "10.0.0.1".into());
            let start: String = address.chars().take(5).collect();
            match rng.random_range(0..4) {
                0 => (
                    "address~neq".into(),
                    address.clone(),
                    Box::new(move |fact| fact.address.as_ref() != Some(&address)),
                ),
                1 => ("address~isblank".into(), String::new(), Box::new(|fact| fact.address.is_none())),
                2 => (
                    "address~startswith".into(),
                    start.clone(),
                    Box::new(move |fact| fact.address.as_ref().is_some_and(|a| a.starts_with(&start))),
                ),
                _ => (
                    "address~in".into(),
                    format!("{address};1.2.3.4"),
                    Box::new(move |fact| fact.address.as_ref() == Some(&address)),
                ),
            }
        }
        8 => {
            let name = all.iter().filter_map(|fact| fact.policy.clone()).nth(rng.random_range(0..5)).expect("a policy");
            let low = lower(&name);
            let holds = |fact: &Fact| fact.policy.as_deref().map(lower);
            match rng.random_range(0..4) {
                0 => ("policy~neq".into(), name, Box::new(move |fact| holds(fact).as_ref() != Some(&low))),
                1 => ("policy~isblank".into(), String::new(), Box::new(|fact| fact.policy.is_none())),
                2 => {
                    let value = piece(rng, &name);
                    let part = lower(&value);
                    (
                        "policy~contains".into(),
                        value,
                        Box::new(move |fact| holds(fact).is_some_and(|name| name.contains(&part))),
                    )
                }
                _ => {
                    ("policy~eq".into(), name.to_uppercase(), Box::new(move |fact| holds(fact).as_ref() == Some(&low)))
                }
            }
        }
        9 => {
            let (name, title) =
                all.iter().filter_map(|fact| fact.resource.clone()).nth(rng.random_range(0..5)).expect("a resource");
            match rng.random_range(0..4) {
                0 => (
                    "resource~notin".into(),
                    format!("{name};none"),
                    Box::new(move |fact| fact.resource.as_ref().is_none_or(|(bound, _)| *bound != name)),
                ),
                1 => ("resource~isnonblank".into(), String::new(), Box::new(|fact| fact.resource.is_some())),
                2 => (
                    "resource~eq".into(),
                    title.clone(),
                    Box::new(move |fact| {
                        fact.resource.as_ref().is_some_and(|(_, bound)| lower(bound) == lower(&title))
                    }),
                ),
                _ => (
                    "resource~startswith".into(),
                    "project:".into(),
                    Box::new(|fact| fact.resource.as_ref().is_some_and(|(bound, _)| bound.starts_with("project:"))),
                ),
            }
        }
        10 => {
            let name = all.iter().flat_map(|fact| fact.scopes.clone()).nth(rng.random_range(0..20)).expect("a scope");
            match rng.random_range(0..4) {
                0 => ("scope~neq".into(), name.clone(), Box::new(move |fact| !fact.scopes.contains(&name))),
                1 => ("scope~isblank".into(), String::new(), Box::new(|fact| fact.scopes.is_empty())),
                2 => (
                    "scope~contains".into(),
                    name[..4].to_owned(),
                    Box::new(move |fact| fact.scopes.iter().any(|scope| scope.contains(&name[..4]))),
                ),
                _ => ("scope~in".into(), format!("{name};nothing"), Box::new(move |fact| fact.scopes.contains(&name))),
            }
        }
        _ => {
            let days = rng.random_range(1..400);
            (
                "lifetime_days~gt".into(),
                days.to_string(),
                Box::new(move |fact| fact.expires.is_none_or(|end| end - fact.created > days * DAY)),
            )
        }
    }
}

/// The order of the model: the values, then the id.
pub fn order(fact: &Fact, column: &str) -> (i64, i64, String, i64) {
    let owner = format!("{}\n{}", lower(&fact.display), fact.username);
    let (number, second, text) = match column {
        "first_eight" => (0, 0, fact.eight.clone()),
        "owner" => (0, 0, owner),
        "name" => (0, 0, lower(&fact.name)),
        "status" => (fact.rank(), fact.expires.unwrap_or(i64::MAX), String::new()),
        "expires_at" => (fact.expires.unwrap_or(i64::MAX), 0, String::new()),
        "latest_activity" => (fact.used.unwrap_or(0), 0, String::new()),
        "uses" => (fact.uses, 0, String::new()),
        _ => (fact.created, 0, String::new()),
    };
    (number, second, text, fact.id)
}
