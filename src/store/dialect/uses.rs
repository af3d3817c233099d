//! Uses of many keys in few statements: the rows come as one JSON text, which each database takes apart in its own way.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use crate::store::connection::Db;

/// Runs one of two statements with a JSON text as its first value.
fn run(db: &mut Db, sqlite: &str, postgres: &str, rows: &str) -> QueryResult<usize> {
    match db {
        Db::Sqlite(connection) => sql_query(sqlite).bind::<Text, _>(rows).execute(connection),
        Db::Postgres(connection) => sql_query(postgres).bind::<Text, _>(rows).execute(connection),
    }
}

/// Notes the latest use of keys, and adds to their counts: `[{"key", "at", "address", "agent", "uses"}]`.
///
/// SQLite: `json_each`. Postgres: `jsonb_to_recordset`. Keys that are gone are passed over.
pub fn add_uses(db: &mut Db, rows: &str) -> QueryResult<usize> {
    run(
        db,
        "UPDATE api_keys SET last_used_at = used.at, last_used_address = used.address, last_used_agent = used.agent, \
         use_count = use_count + used.uses \
         FROM (SELECT value ->> 'key' AS key, value ->> 'at' AS at, value ->> 'address' AS address, value ->> 'agent' AS agent, \
         value ->> 'uses' AS uses FROM json_each(?)) AS used WHERE api_keys.id = used.key",
        "UPDATE api_keys SET last_used_at = used.at, last_used_address = used.address, last_used_agent = used.agent, \
         use_count = use_count + used.uses \
         FROM jsonb_to_recordset($1::jsonb) AS used (key bigint, at bigint, address text, agent text, uses bigint) \
         WHERE api_keys.id = used.key",
        rows,
    )
}

/// Adds to what is known of the addresses of keys: `[{"key", "address", "agent", "uses", "first_at", "last_at"}]`.
///
/// SQLite: `json_each`. Postgres: `jsonb_to_recordset`. Keys that are gone are passed over.
pub fn add_addresses(db: &mut Db, rows: &str) -> QueryResult<usize> {
    run(
        db,
        "INSERT INTO key_addresses (key, address, agent, uses, first_at, last_at) \
         SELECT value ->> 'key', value ->> 'address', value ->> 'agent', value ->> 'uses', value ->> 'first_at', value ->> 'last_at' \
         FROM json_each(?) WHERE EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = value ->> 'key') \
         ON CONFLICT (key, address) DO UPDATE SET agent = excluded.agent, uses = key_addresses.uses + excluded.uses, \
         last_at = excluded.last_at",
        "INSERT INTO key_addresses (key, address, agent, uses, first_at, last_at) \
         SELECT used.key, used.address, used.agent, used.uses, used.first_at, used.last_at \
         FROM jsonb_to_recordset($1::jsonb) AS used \
         (key bigint, address text, agent text, uses bigint, first_at bigint, last_at bigint) \
         JOIN api_keys ON api_keys.id = used.key \
         ON CONFLICT (key, address) DO UPDATE SET agent = excluded.agent, uses = key_addresses.uses + excluded.uses, \
         last_at = excluded.last_at",
        rows,
    )
}

/// Removes the addresses of keys that were used longest ago, where a key has more than `most`: `[{"key"}]`.
///
/// SQLite: `json_each`. Postgres: `jsonb_to_recordset`.
pub fn trim_addresses(db: &mut Db, rows: &str, most: i64) -> QueryResult<usize> {
    match db {
        Db::Sqlite(connection) => sql_query(
            "DELETE FROM key_addresses WHERE (key, address) IN (SELECT key, address FROM \
             (SELECT key, address, ROW_NUMBER() OVER (PARTITION BY key ORDER BY last_at DESC) AS place FROM key_addresses \
             WHERE key IN (SELECT key FROM key_addresses WHERE key IN (SELECT value ->> 'key' FROM json_each(?)) \
             GROUP BY key HAVING COUNT(*) > ?)) WHERE place > ?)",
        )
        .bind::<Text, _>(rows)
        .bind::<BigInt, _>(most)
        .bind::<BigInt, _>(most)
        .execute(connection),
        Db::Postgres(connection) => sql_query(
            "DELETE FROM key_addresses WHERE (key, address) IN (SELECT key, address FROM \
             (SELECT key, address, ROW_NUMBER() OVER (PARTITION BY key ORDER BY last_at DESC) AS place FROM key_addresses \
             WHERE key IN (SELECT key FROM key_addresses \
             WHERE key IN (SELECT used.key FROM jsonb_to_recordset($1::jsonb) AS used (key bigint)) \
             GROUP BY key HAVING COUNT(*) > $2)) AS placed WHERE place > $3)",
        )
        .bind::<Text, _>(rows)
        .bind::<BigInt, _>(most)
        .bind::<BigInt, _>(most)
        .execute(connection),
    }
}

/// Adds to the counts of keys on their days: `[{"key", "day", "uses", "refusals"}]`.
///
/// SQLite: `json_each`. Postgres: `jsonb_to_recordset`. Keys that are gone are passed over.
pub fn add_usage(db: &mut Db, rows: &str) -> QueryResult<usize> {
    run(
        db,
        "INSERT INTO key_usage (key, day, uses, refusals) \
         SELECT value ->> 'key', value ->> 'day', value ->> 'uses', value ->> 'refusals' \
         FROM json_each(?) WHERE EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = value ->> 'key') \
         ON CONFLICT (key, day) DO UPDATE SET uses = key_usage.uses + excluded.uses, \
         refusals = key_usage.refusals + excluded.refusals",
        "INSERT INTO key_usage (key, day, uses, refusals) \
         SELECT used.key, used.day, used.uses, used.refusals \
         FROM jsonb_to_recordset($1::jsonb) AS used (key bigint, day bigint, uses bigint, refusals bigint) \
         JOIN api_keys ON api_keys.id = used.key \
         ON CONFLICT (key, day) DO UPDATE SET uses = key_usage.uses + excluded.uses, \
         refusals = key_usage.refusals + excluded.refusals",
        rows,
    )
}
