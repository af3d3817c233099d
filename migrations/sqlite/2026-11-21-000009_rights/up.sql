-- What can be done, as the services that ask for it registered it. A retired one is kept, and nobody holds it.
CREATE TABLE permissions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    description TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX permissions_by_service ON permissions (service, name);

-- Named sets of permissions. A deleted one is kept, so that its deletion can be undone, and lets go of its name.
CREATE TABLE policies (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT REFERENCES accounts (id),
    changed_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX policies_name ON policies (name_folded) WHERE deleted_at IS NULL;
CREATE TABLE policy_permissions (
    policy BIGINT NOT NULL REFERENCES policies (id) ON DELETE CASCADE,
    permission BIGINT NOT NULL REFERENCES permissions (id),
    PRIMARY KEY (policy, permission)
);
CREATE INDEX policy_permissions_by_permission ON policy_permissions (permission);
-- What people and service accounts may do.
CREATE TABLE account_policies (
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    policy BIGINT NOT NULL REFERENCES policies (id) ON DELETE CASCADE,
    PRIMARY KEY (account, policy)
);
CREATE INDEX account_policies_by_policy ON account_policies (policy);

-- What a key can be bound to. The administrators of a resource may give keys for it the permissions of its kind.
CREATE TABLE resource_kinds (
    name TEXT PRIMARY KEY NOT NULL
);
INSERT INTO resource_kinds (name) VALUES ('dataset'), ('project');
CREATE TABLE resource_kind_permissions (
    kind TEXT NOT NULL REFERENCES resource_kinds (name) ON DELETE CASCADE,
    permission BIGINT NOT NULL REFERENCES permissions (id),
    PRIMARY KEY (kind, permission)
);
CREATE TABLE resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL REFERENCES resource_kinds (name),
    external_id TEXT NOT NULL,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT REFERENCES accounts (id),
    UNIQUE (kind, external_id)
);
CREATE INDEX resources_by_title ON resources (title_folded, id);
CREATE TABLE resource_administrators (
    resource BIGINT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    PRIMARY KEY (resource, account)
);
CREATE INDEX resource_administrators_by_account ON resource_administrators (account);

-- What a key may do of what its owner may: grant_kind says which of the two counts.
ALTER TABLE api_keys ADD COLUMN policy BIGINT REFERENCES policies (id);
ALTER TABLE api_keys ADD COLUMN resource BIGINT REFERENCES resources (id);
CREATE INDEX api_keys_by_policy ON api_keys (policy, id) WHERE policy IS NOT NULL;
CREATE INDEX api_keys_by_resource ON api_keys (resource, id) WHERE resource IS NOT NULL;
CREATE TABLE key_scopes (
    key BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    permission BIGINT NOT NULL REFERENCES permissions (id),
    PRIMARY KEY (key, permission)
);
CREATE INDEX key_scopes_by_permission ON key_scopes (permission);

-- What a service account is for.
ALTER TABLE accounts ADD COLUMN description TEXT NOT NULL DEFAULT '';
