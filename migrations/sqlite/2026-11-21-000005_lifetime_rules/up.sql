-- Stricter rules say only what they restrict: the other columns are null. Of all rules that match, the shortest time counts.
CREATE TABLE rules_of_lifetime (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    applies_to TEXT NOT NULL CHECK (applies_to IN ('everyone', 'role', 'kind', 'account')),
    subject TEXT NOT NULL,
    default_days INTEGER CHECK (default_days BETWEEN 1 AND 3650),
    longest_days INTEGER CHECK (longest_days BETWEEN 1 AND 3650),
    allow_never BOOLEAN NOT NULL,
    idle_days INTEGER CHECK (idle_days BETWEEN 1 AND 3650),
    -- Activity before this moment counts as activity at it: keys that were there when the rule came get their full time.
    idle_from BIGINT NOT NULL,
    keys_per_owner INTEGER CHECK (keys_per_owner >= 0),
    changed_at BIGINT NOT NULL,
    changed_by BIGINT REFERENCES accounts (id),
    UNIQUE (applies_to, subject)
);
INSERT INTO rules_of_lifetime
SELECT id, applies_to, COALESCE(subject, ''), default_days, longest_days, allow_never, NULL, 0, keys_per_owner, changed_at, changed_by FROM lifetime_rules;
DROP TABLE lifetime_rules;
ALTER TABLE rules_of_lifetime RENAME TO lifetime_rules;
