-- What every part of the server stands on. Types: TEXT, BIGINT, BOOLEAN; times are microseconds.

CREATE TABLE deployment (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE aws_account (
    aws_account_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    alias TEXT UNIQUE,
    root_user_id TEXT NOT NULL,
    root_password_hash TEXT,
    -- Raised by every change of users, groups, policies, keys or roles: what was compiled for an older
    -- revision is compiled again.
    access_revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The trail. The record is CloudTrail's JSON; the columns beside it are what LookupEvents asks for.
CREATE TABLE audit_event (
    aws_account_id TEXT NOT NULL,
    event_at BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    event_name TEXT NOT NULL,
    event_source TEXT NOT NULL,
    user_name TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    read_only BOOLEAN NOT NULL,
    resource_name TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (aws_account_id, event_at, event_id)
);
-- Every request pays for each index. Who did something is always worth two; the others leave out the many
-- events they would not help to find. An identifier holds its time, so the primary key finds it.
CREATE INDEX audit_event_by_user ON audit_event (aws_account_id, user_name, event_at);
CREATE INDEX audit_event_by_key ON audit_event (aws_account_id, access_key_id, event_at);
CREATE INDEX audit_event_by_resource ON audit_event (aws_account_id, resource_name, event_at)
    WHERE resource_name <> '';
CREATE INDEX audit_event_by_name_of_write ON audit_event (aws_account_id, event_name, event_at)
    WHERE read_only = FALSE;

-- Work that happens after a commit: mail, expiry, purge.
CREATE TABLE job (
    job_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- One job of a kind and key waits at a time.
    unique_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    parked BOOLEAN NOT NULL,
    last_error TEXT,
    UNIQUE (kind, unique_key)
);
CREATE INDEX job_due ON job (parked, due_at);
