-- What decisions were taken from, so that they can be explained and taken again.

-- The request as the policies were asked about it, as JSON, without what the record has. It names snapshots. Absent
-- where no policy was asked.
ALTER TABLE audit_event ADD COLUMN basis TEXT;

-- Texts by the SHA-256 of their bytes: policy documents, and what a caller brought to its decisions, which names
-- documents. The same text is kept once, whoever has it.
CREATE TABLE decision_snapshot (
    digest TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    -- Not long before the last event that names it.
    seen_at BIGINT NOT NULL
);
CREATE INDEX decision_snapshot_by_age ON decision_snapshot (seen_at);

-- When a principal last tried an action, allowed or not, to the hour.
CREATE TABLE iam_last_access (
    -- AIDA…, AROA…, or the AWS account for its root.
    principal_id TEXT NOT NULL,
    service TEXT NOT NULL,
    action TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, service, action)
);

-- Reports of last accesses that were asked for, as they were then.
CREATE TABLE iam_access_report (
    job_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    -- Only who asked for a report may read it: a user's, role's or root's identifier.
    requested_by TEXT NOT NULL,
    -- What it is about, which may be gone by now. A policy has no identifier.
    arn TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    granularity TEXT NOT NULL,
    -- JSON: the services, and the last access of each.
    services TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX iam_access_report_by_age ON iam_access_report (aws_account_id, created_at);
