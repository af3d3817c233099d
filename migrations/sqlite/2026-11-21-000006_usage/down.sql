DROP INDEX api_keys_by_revocation;
DROP INDEX accounts_by_last_sign_in;
DROP INDEX accounts_by_role;
DROP TABLE sign_in_links;
DROP TABLE daily_usage;
DROP TABLE key_usage;
