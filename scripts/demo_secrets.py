"""Known secrets for keys of a demo, whose own nobody knows: for scripts that ask `/verify`. They are written into the database, behind
the back of servers that run on it."""
import binascii
import hashlib
import sqlite3
import string
import subprocess

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
REVOKED = "standing = 2"


def good(until):
    """The condition of keys that are good for anything until then, in seconds since 1970."""
    ends = f"standing = 0 AND (expires_at IS NULL OR expires_at > {int(until * 1e6)})"
    policies = "(policy IS NULL OR policy IN (SELECT id FROM policies WHERE deleted_at IS NULL))"
    return f"{ends} AND resource IS NULL AND {policies} AND owner IN (SELECT id FROM accounts WHERE active)"


def secret(chance):
    """A secret in the form of `src/domain/keys/secret.rs`."""
    text = "clv_" + "".join(chance.choices(BASE62, k=8)) + "_" + "".join(chance.choices(BASE62, k=43))
    value, digits = binascii.crc32(text.encode()), []
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits.append(BASE62[digit])
    return text + "".join(reversed(digits))


def run_sql(database, text):
    """What a statement gives, as rows of texts."""
    if database.startswith("sqlite"):
        connection = sqlite3.connect(database.removeprefix("sqlite://"), timeout=60)
        with connection:
            rows = [[str(value) for value in row] for row in connection.execute(text).fetchall()]
        connection.close()
        return rows
    command = ["psql", "-qtA", "-F\t", "--no-psqlrc", "-c", text, database]
    return [line.split("\t") for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]


def give(database, condition, most, chance):
    """Gives up to `most` keys that fit the condition new secrets: pairs of first eight and secret."""
    found = run_sql(database, f"SELECT id, first_eight FROM api_keys WHERE {condition} ORDER BY id LIMIT {most}")
    given = [(id, first_eight, secret(chance)) for id, first_eight in found]
    hashes = [(hashlib.sha256(text.encode()).digest(), int(id)) for id, _, text in given]
    if database.startswith("sqlite"):
        connection = sqlite3.connect(database.removeprefix("sqlite://"), timeout=60)
        with connection:
            connection.executemany("UPDATE api_keys SET secret_hash = ? WHERE id = ?", hashes)
        connection.close()
    else:
        rows = "".join(f"\\\\x{hash.hex()}\t{id}\n" for hash, id in hashes)
        script = f"CREATE TEMP TABLE given (hash bytea, id bigint);\nCOPY given FROM STDIN;\n{rows}\\.\n"
        script += "UPDATE api_keys SET secret_hash = given.hash FROM given WHERE given.id = api_keys.id;\nVACUUM ANALYZE api_keys;\n"
        subprocess.run(["psql", "-q", "--no-psqlrc", database], input=script, check=True, text=True)
    return [(first_eight, text) for _, first_eight, text in given]
