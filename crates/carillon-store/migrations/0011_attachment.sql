-- Files that people uploaded, at the portal or in products that tell us by the activity feed. Times are microseconds.

CREATE TABLE chime_attachment (
    attachment_id TEXT NOT NULL PRIMARY KEY,
    -- The source of activity that told of it. Empty for the portal itself.
    source_id TEXT NOT NULL,
    -- How the source names the object.
    object_key TEXT NOT NULL,
    -- The account of the uploader when we heard of it. Empty for people who are on their own.
    account_id TEXT NOT NULL,
    uploader_id TEXT NOT NULL,
    uploader_email TEXT NOT NULL,
    -- OneToOne, Group, Room or Portal.
    conversation_kind TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    -- Whether an export of the account has it: of rooms, those that people of the account created.
    is_exported BOOLEAN NOT NULL,
    file_name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- In hexadecimal. Absent if the source did not say.
    sha256 TEXT,
    uploaded_at BIGINT NOT NULL,
    -- When we heard of it first. It never changes, so that pages in its order neither miss nor repeat.
    recorded_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX chime_attachment_object ON chime_attachment (source_id, object_key);
CREATE INDEX chime_attachment_exported ON chime_attachment (account_id, recorded_at, attachment_id) WHERE is_exported;
CREATE INDEX chime_attachment_of_account ON chime_attachment (account_id, attachment_id);
CREATE INDEX chime_attachment_of_uploader ON chime_attachment (uploader_id, source_id, uploaded_at, attachment_id);

-- Objects that a source said are gone, for as long as it may still tell, late, of their upload.
CREATE TABLE chime_attachment_gone (
    source_id TEXT NOT NULL,
    object_key TEXT NOT NULL,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (source_id, object_key)
);
CREATE INDEX chime_attachment_gone_since ON chime_attachment_gone (deleted_at);

CREATE TABLE chime_data_export (
    data_export_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    -- InProgress, Succeeded, Failed or Expired.
    status TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    -- The ARN of the principal.
    requested_by TEXT NOT NULL,
    completed_at BIGINT,
    -- When the first of its links ends.
    expires_at BIGINT,
    attachment_count BIGINT NOT NULL,
    total_bytes BIGINT NOT NULL,
    -- Objects that were not there any more.
    missing_count BIGINT NOT NULL,
    failure_reason TEXT,
    -- The last attachment that is in the file: when it was recorded, and which.
    after_at BIGINT NOT NULL,
    after_id TEXT NOT NULL
);
CREATE INDEX chime_data_export_of_account ON chime_data_export (account_id, requested_at, data_export_id);

-- The pieces of the file of an export, each sealed by itself.
CREATE TABLE chime_data_export_part (
    data_export_id TEXT NOT NULL,
    part BIGINT NOT NULL,
    object_key TEXT NOT NULL,
    PRIMARY KEY (data_export_id, part)
);
