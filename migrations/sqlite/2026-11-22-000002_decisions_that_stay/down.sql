DROP INDEX accounts_email;
ALTER TABLE accounts DROP COLUMN email_folded;
ALTER TABLE permissions DROP COLUMN retired_by_administrator;
ALTER TABLE jobs DROP COLUMN shortened;
ALTER TABLE jobs DROP COLUMN frozen_up_to;
ALTER TABLE jobs DROP COLUMN is_frozen;
ALTER TABLE jobs DROP COLUMN source;
ALTER TABLE api_keys DROP COLUMN end_limit;
