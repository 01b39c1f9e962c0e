-- Events that were made durable together, many and alike: compressed, in one row.
CREATE TABLE audit_block (
    aws_account_id TEXT NOT NULL,
    -- The time of its newest event and of its oldest, which are never far apart.
    last_at BIGINT NOT NULL,
    block_id TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    -- Bytes of the events when they are not compressed.
    size BIGINT NOT NULL,
    events BYTEA NOT NULL,
    PRIMARY KEY (aws_account_id, last_at, block_id)
);
-- What events of a block can be found by: a user, a key, a resource, the name of a write.
CREATE TABLE audit_block_mention (
    aws_account_id TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    block_id TEXT NOT NULL,
    PRIMARY KEY (aws_account_id, attribute, value, last_at, block_id)
);
