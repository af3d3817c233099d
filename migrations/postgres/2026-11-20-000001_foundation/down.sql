DROP TABLE audit_events;
DROP TABLE settings;
DROP TABLE lifetime_rules;
DROP TABLE used_forms;
DROP TABLE key_secrets;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE accounts;
