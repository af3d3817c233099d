DROP INDEX used_forms_by_key;
ALTER TABLE used_forms DROP COLUMN key;
DROP TABLE purge_marks;
