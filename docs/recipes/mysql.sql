-- A fenced resource in MySQL (8 or later) or MariaDB (10.6 or later), with InnoDB. Load it once, then:
--   CALL fenced_raise('page', 7);
--   CALL fenced_read('page', 7);
--   CALL fenced_apply('page', 'value', 7, 'key', 604800);
-- Each procedure is a transaction of its own: do not call it inside another, whose START TRANSACTION it would commit.
-- A call that ends with a deadlock or lock wait timeout (1213, 1205) has changed nothing: repeat it.
CREATE TABLE IF NOT EXISTS fenced (
    name VARBINARY(512) NOT NULL PRIMARY KEY,
    fence BIGINT NOT NULL DEFAULT 0,
    sequence BIGINT NOT NULL DEFAULT 0,
    value LONGBLOB
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS fenced_once (
    name VARBINARY(512) NOT NULL,
    idempotency_key VARBINARY(256) NOT NULL,
    token BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    digest BINARY(64) NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (name, idempotency_key),
    KEY (expires)
) ENGINE = InnoDB;

DROP PROCEDURE IF EXISTS fenced_raise;
DROP PROCEDURE IF EXISTS fenced_read;
DROP PROCEDURE IF EXISTS fenced_apply;

DELIMITER //

-- Raises the fence and reads. status: 'ok' or 'stale'.
CREATE PROCEDURE fenced_raise(IN resource VARBINARY(512), IN holder BIGINT)
BEGIN
    DECLARE barrier BIGINT;
    DECLARE content LONGBLOB;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
    START TRANSACTION;
    -- Inserts a row, or locks the one that is there, for this transaction alone: nobody else passes until it ends.
    INSERT INTO fenced (name) VALUES (resource) ON DUPLICATE KEY UPDATE fence = fence;
    -- FOR UPDATE reads what is committed now, not what this transaction's snapshot would show.
    SELECT fence, value INTO barrier, content FROM fenced WHERE name = resource FOR UPDATE;
    IF holder < barrier THEN
        ROLLBACK;
        SELECT 'stale' AS status, barrier AS fence, NULL AS value;
    ELSE
        UPDATE fenced SET fence = holder WHERE name = resource;
        COMMIT;
        SELECT 'ok' AS status, holder AS fence, content AS value;
    END IF;
END //

-- Reads, without raising.
CREATE PROCEDURE fenced_read(IN resource VARBINARY(512), IN holder BIGINT)
BEGIN
    -- One row of one snapshot: fence and value are of the same moment.
    SELECT IF(holder < fenced.fence, 'stale', 'ok') AS status, fenced.fence AS fence,
        IF(holder < fenced.fence, NULL, fenced.value) AS value
    FROM (SELECT 1) AS one LEFT JOIN fenced ON fenced.name = resource;
END //

-- Writes once. status: 'written', 'replayed', 'stale' (fence says behind what) or 'key reused'.
CREATE PROCEDURE fenced_apply(
    IN resource VARBINARY(512), IN content LONGBLOB, IN holder BIGINT, IN once VARBINARY(256), IN retention BIGINT)
BEGIN
    DECLARE barrier BIGINT;
    DECLARE number BIGINT;
    DECLARE first_token BIGINT;
    DECLARE first_sequence BIGINT;
    DECLARE first_digest BINARY(64);
    DECLARE known BOOLEAN DEFAULT TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
    START TRANSACTION;
    INSERT INTO fenced (name) VALUES (resource) ON DUPLICATE KEY UPDATE fence = fence;
    SELECT fence, sequence INTO barrier, number FROM fenced WHERE name = resource FOR UPDATE;
    BEGIN
        DECLARE CONTINUE HANDLER FOR NOT FOUND SET known = FALSE;
        SELECT token, sequence, digest INTO first_token, first_sequence, first_digest FROM fenced_once
            WHERE name = resource AND idempotency_key = once AND expires > UNIX_TIMESTAMP() FOR UPDATE;
    END;
    IF known THEN
        ROLLBACK;
        SELECT IF(first_digest = SHA2(content, 256), 'replayed', 'key reused') AS status, first_token AS token,
            first_sequence AS sequence, NULL AS fence;
    ELSEIF holder < barrier THEN
        ROLLBACK;
        SELECT 'stale' AS status, NULL AS token, NULL AS sequence, barrier AS fence;
    ELSE
        UPDATE fenced SET fence = holder, sequence = number + 1, value = content WHERE name = resource;
        REPLACE INTO fenced_once
            VALUES (resource, once, holder, number + 1, SHA2(content, 256), UNIX_TIMESTAMP() + retention);
        COMMIT;
        SELECT 'written' AS status, holder AS token, number + 1 AS sequence, holder AS fence;
    END IF;
END //

DELIMITER ;
