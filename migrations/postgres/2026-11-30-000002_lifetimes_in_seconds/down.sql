ALTER TABLE lifetime_rules DROP COLUMN longest_seconds;
ALTER TABLE lifetime_rules DROP COLUMN default_seconds;
