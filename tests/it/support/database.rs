//! A fresh, migrated database for each test. Postgres: a copy of the template that `scripts/test` made.

use std::sync::atomic::{AtomicU32, Ordering};

use claviger::config::{Config, Given};
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database that is removed with this value.
pub struct Database {
    pub kind: Kind,
    pub url: String,
    /// A folder of the test's own.
    pub folder: tempfile::TempDir,
    name: String,
}

const TEMPLATE: &str = "claviger_template";

impl Database {
    /// An empty one: not even migrated on SQLite; a copy of the migrated template on Postgres.
    pub fn new(kind: Kind) -> Self {
        Self::from_template(kind, TEMPLATE)
    }

    /// One without any table.
    pub fn bare(kind: Kind) -> Self {
        Self::from_template(kind, "template0")
    }

    fn from_template(kind: Kind, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}/claviger.db", folder.path().display()),
            Kind::Postgres => {
                on_server(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
                format!("{}/{name}", server())
            }
        };
        Self { kind, url, folder, name }
    }

    /// Settings that name this database and a free port.
    pub fn given(&self) -> Given {
        Given { database_url: Some(self.url.clone()), listen: Some("127.0.0.1:0".into()), ..Given::default() }
    }

    /// The same, understood.
    pub fn config(&self) -> Config {
        Config::parse(&self.given()).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    /// Runs a statement beside the server's back.
    pub fn execute(&self, statement: &str) -> usize {
        match self.kind {
            Kind::Sqlite => {
                let mut db = SqliteConnection::establish(self.path()).expect("the database opens");
                diesel::sql_query("PRAGMA busy_timeout = 5000").execute(&mut db).expect("a pragma");
                diesel::sql_query(statement).execute(&mut db).expect(statement)
            }
            Kind::Postgres => {
                let mut db = PgConnection::establish(&self.url).expect("the database opens");
                diesel::sql_query(statement).execute(&mut db).expect(statement)
            }
        }
    }

    /// Holds a row of Postgres, given as a table and a condition.
    pub fn hold(&self, row: &str) -> HeldRow {
        let mut db = PgConnection::establish(&self.url).expect("the database opens");
        diesel::sql_query("BEGIN").execute(&mut db).expect("a transaction");
        assert_eq!(diesel::sql_query(format!("SELECT 1 FROM {row} FOR UPDATE")).execute(&mut db), Ok(1), "{row}");
        HeldRow { db }
    }

    /// The single text that a query gives as `value`.
    pub fn text(&self, query: &str) -> String {
        self.texts(query).pop().unwrap_or_else(|| panic!("no row from {query}"))
    }

    /// All texts that a query gives as `value`.
    pub fn texts(&self, query: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            value: String,
        }
        let rows: Vec<Row> = match self.kind {
            Kind::Sqlite => {
                let mut db = SqliteConnection::establish(self.path()).expect("the database opens");
                diesel::sql_query(query).load(&mut db).expect(query)
            }
            Kind::Postgres => {
                let mut db = PgConnection::establish(&self.url).expect("the database opens");
                diesel::sql_query(query).load(&mut db).expect(query)
            }
        };
        rows.into_iter().map(|row| row.value).collect()
    }

    /// How many rows a table has.
    pub fn count(&self, table_and_condition: &str) -> i64 {
        self.text(&format!("SELECT CAST(count(*) AS TEXT) AS value FROM {table_and_condition}"))
            .parse()
            .expect("a number")
    }

    /// The columns of a table, by name.
    pub fn columns(&self, table: &str) -> Vec<String> {
        self.texts(&match self.kind {
            Kind::Sqlite => format!("SELECT name AS value FROM pragma_table_xinfo('{table}') ORDER BY name"),
            Kind::Postgres => format!(
                "SELECT CAST(column_name AS TEXT) AS value FROM information_schema.columns WHERE table_name = '{table}' ORDER BY column_name"
            ),
        })
    }

    /// The columns of a table as expressions that give text; bytes in hex.
    pub fn text_columns(&self, table: &str) -> Vec<String> {
        let is_bytes = |column: &str| column == "hash" || (column.ends_with("_hash") && column != "password_hash");
        let as_text = |column: String| match (self.kind, is_bytes(&column)) {
            (Kind::Sqlite, true) => format!("hex({column})"),
            (Kind::Postgres, true) => format!("encode({column}, 'escape')"),
            (_, false) => format!("CAST({column} AS TEXT)"),
        };
        self.columns(table).into_iter().map(as_text).collect()
    }

    /// Everything in a table, as sorted lines.
    pub fn dump(&self, table: &str) -> Vec<String> {
        let columns: Vec<String> =
            self.text_columns(table).into_iter().map(|column| format!("COALESCE({column}, '-')")).collect();
        let mut lines = self.texts(&format!("SELECT {} AS value FROM {table}", columns.join(" || ' | ' || ")));
        lines.sort();
        lines
    }

    fn path(&self) -> &str {
        self.url.strip_prefix("sqlite://").expect("an SQLite database")
    }
}

/// A transaction of somebody else, which has a row of Postgres until this value is gone.
pub struct HeldRow {
    db: PgConnection,
}

impl HeldRow {
    /// Gives the row free as soon as so many others wait for a lock in this database.
    pub fn until_waiting(mut self, others: i64) {
        use diesel::sql_types::BigInt;
        #[derive(diesel::QueryableByName)]
        struct Waiting {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let waiting = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // What is seen of other sessions stays the same within a transaction, unless it is cleared.
        let mut seen = || {
            diesel::sql_query("SELECT pg_stat_clear_snapshot()").execute(&mut self.db).expect("cleared");
            diesel::sql_query(waiting).get_result::<Waiting>(&mut self.db).expect("a number").count
        };
        while seen() < others {
            std::thread::yield_now();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.kind == Kind::Postgres {
            on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// The address of the throw-away server, without a database name.
#[expect(clippy::disallowed_methods, reason = "the tests' one look into the environment")]
fn server() -> String {
    std::env::var("CLAVIGER_TEST_POSTGRES").expect("CLAVIGER_TEST_POSTGRES names a server: run scripts/test")
}

fn on_server(statement: &str) {
    let mut db = PgConnection::establish(&format!("{}/postgres", server())).expect("the throw-away Postgres answers");
    diesel::sql_query(statement).execute(&mut db).expect(statement);
}
