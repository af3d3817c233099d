ALTER TABLE audit_chain DROP COLUMN fed_sequence;
ALTER TABLE audit_chain DROP COLUMN last_change;
DROP TABLE changes;
