-- A fenced resource in PostgreSQL (11 or later). Load it once; then each call is one statement, so one transaction:
--   SELECT * FROM fenced_raise('page', 7);
--   SELECT * FROM fenced_read('page', 7);
--   SELECT * FROM fenced_apply('page', 'value'::bytea, 7, 'key', interval '7 days');
-- Works at READ COMMITTED, the default. At REPEATABLE READ and above, repeat a call that fails with 40001.
BEGIN;

CREATE TABLE IF NOT EXISTS fenced (
    name text COLLATE "C" PRIMARY KEY,
    fence bigint NOT NULL DEFAULT 0,
    sequence bigint NOT NULL DEFAULT 0,
    value bytea
);

CREATE TABLE IF NOT EXISTS fenced_once (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    token bigint NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (name, key)
);
CREATE INDEX IF NOT EXISTS fenced_once_expires ON fenced_once (expires);

-- Raises the fence and reads. status: 'ok' or 'stale'; fence: the fence afterwards.
CREATE OR REPLACE FUNCTION fenced_raise(
    resource text, holder bigint, OUT status text, OUT fence bigint, OUT value bytea
) LANGUAGE plpgsql AS $$
DECLARE
    it fenced%ROWTYPE;
BEGIN
    -- There must be a row to lock.
    INSERT INTO fenced (name) VALUES (resource) ON CONFLICT DO NOTHING;
    -- Until the commit, everybody else who comes here waits.
    SELECT * INTO STRICT it FROM fenced f WHERE f.name = resource FOR UPDATE;
    IF holder < it.fence THEN
        status := 'stale';
        fence := it.fence;
        RETURN;
    END IF;
    UPDATE fenced f SET fence = holder WHERE f.name = resource AND f.fence < holder;
    status := 'ok';
    fence := holder;
    value := it.value;
END $$;

-- Reads, without raising.
CREATE OR REPLACE FUNCTION fenced_read(
    resource text, holder bigint, OUT status text, OUT fence bigint, OUT value bytea
) LANGUAGE sql STABLE AS $$
    -- One row of one snapshot: fence and value are of the same moment.
    SELECT CASE WHEN holder < f.fence THEN 'stale' ELSE 'ok' END, f.fence,
        CASE WHEN holder < f.fence THEN NULL ELSE f.value END
    FROM (SELECT 1) one LEFT JOIN fenced f ON f.name = resource
$$;

-- Writes once. status: 'written', 'replayed', 'stale' (fence says behind what) or 'key reused'.
CREATE OR REPLACE FUNCTION fenced_apply(
    resource text, content bytea, holder bigint, idempotency_key text, retention interval,
    OUT status text, OUT token bigint, OUT sequence bigint, OUT fence bigint
) LANGUAGE plpgsql AS $$
DECLARE
    it fenced%ROWTYPE;
    first fenced_once%ROWTYPE;
BEGIN
    INSERT INTO fenced (name) VALUES (resource) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT it FROM fenced f WHERE f.name = resource FOR UPDATE;
    -- Behind the lock: each statement sees what was committed before it began, so also what the last holder wrote.
    SELECT * INTO first FROM fenced_once o
        WHERE o.name = resource AND o.key = idempotency_key AND o.expires > clock_timestamp();
    IF FOUND THEN
        status := CASE WHEN first.digest = sha256(content) THEN 'replayed' ELSE 'key reused' END;
        token := first.token;
        sequence := first.sequence;
        RETURN;
    END IF;
    IF holder < it.fence THEN
        status := 'stale';
        fence := it.fence;
        RETURN;
    END IF;
    UPDATE fenced f SET fence = holder, sequence = it.sequence + 1, value = content WHERE f.name = resource;
    INSERT INTO fenced_once
        VALUES (resource, idempotency_key, holder, it.sequence + 1, sha256(content), clock_timestamp() + retention)
        ON CONFLICT (name, key) DO UPDATE SET token = excluded.token, sequence = excluded.sequence,
            digest = excluded.digest, expires = excluded.expires;
    status := 'written';
    token := holder;
    sequence := it.sequence + 1;
    fence := holder;
END $$;

COMMIT;
