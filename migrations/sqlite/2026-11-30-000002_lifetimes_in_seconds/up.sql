-- Lifetimes that are no whole days: seconds beside the days, which are rounded up then and stay for servers from before.
ALTER TABLE lifetime_rules ADD COLUMN default_seconds INTEGER CHECK (default_seconds BETWEEN 1 AND 315360000);
ALTER TABLE lifetime_rules ADD COLUMN longest_seconds INTEGER CHECK (longest_seconds BETWEEN 1 AND 315360000);
-- A permission that is released takes with it when it was asked for.
CREATE INDEX asked_permissions_by_permission ON asked_permissions (permission);
