-- Each event carries the hash over its own fields and its predecessor's hash (src/domain/audit_chain.rs). The migrating
-- program numbers and seals the events that are there: until then their sequence is 0.
ALTER TABLE audit_events ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_events ADD COLUMN hash BYTEA NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_events_by_sequence ON audit_events (sequence) WHERE sequence > 0;
CREATE INDEX audit_events_by_actor ON audit_events (actor_name, sequence);
CREATE INDEX audit_events_by_action ON audit_events (action, sequence);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome, sequence);
CREATE INDEX audit_events_by_address ON audit_events (address, sequence);
CREATE INDEX audit_events_of_target ON audit_events (target, sequence);

-- The two ends of the chain: what was purged, and the latest event.
CREATE TABLE audit_chain (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    purged_sequence BIGINT NOT NULL,
    purged_hash BYTEA NOT NULL,
    last_sequence BIGINT NOT NULL,
    last_hash BYTEA NOT NULL
);
INSERT INTO audit_chain VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sequence > 0 THEN
        RAISE EXCEPTION 'audit events are never changed';
    END IF;
    IF TG_OP = 'DELETE' AND OLD.sequence > (SELECT purged_sequence FROM audit_chain) THEN
        RAISE EXCEPTION 'audit events are removed by the retention purge alone';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_events_stay();
