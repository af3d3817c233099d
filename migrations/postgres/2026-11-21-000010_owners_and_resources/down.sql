DROP TABLE asked_permissions;
DROP TABLE session_keys;
ALTER TABLE policies DROP COLUMN for_new_people;
ALTER TABLE accounts DROP COLUMN deleted_at;
DROP INDEX resources_by_name;
ALTER TABLE resources DROP COLUMN name_folded;
