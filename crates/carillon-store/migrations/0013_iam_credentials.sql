-- Credentials of users beside access keys, passwords and devices; and the certificates of servers.

-- SSH public keys, signing certificates and service-specific credentials: alike but for what is in them.
CREATE TABLE iam_credential (
    credential_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    -- A user, or root.
    owner_id TEXT NOT NULL,
    -- ssh, certificate or service.
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    -- An SSH key as the protocol writes it, in base64; a certificate in PEM; the name that the service knows.
    body TEXT NOT NULL,
    -- What tells two of a kind apart. Of service-specific credentials: the digest of the secret.
    fingerprint TEXT NOT NULL,
    -- Of service-specific credentials: the service.
    service_name TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX iam_credential_by_owner ON iam_credential (owner_id, kind, created_at, credential_id);
CREATE INDEX iam_credential_by_account ON iam_credential (aws_account_id, kind, created_at, credential_id);
CREATE INDEX iam_credential_by_fingerprint ON iam_credential (aws_account_id, kind, fingerprint);
-- Services know their users by these names alone.
CREATE UNIQUE INDEX iam_credential_by_service ON iam_credential (aws_account_id, service_name, body);

CREATE TABLE iam_server_certificate (
    server_certificate_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    server_certificate_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    certificate_body TEXT NOT NULL,
    certificate_chain TEXT,
    sealed_private_key TEXT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (aws_account_id, name_key)
);

-- Deletions of service-linked roles that were asked for, for those who ask what became of them.
CREATE TABLE iam_role_deletion (
    task_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    deleted_at BIGINT NOT NULL
);
CREATE INDEX iam_role_deletion_by_age ON iam_role_deletion (aws_account_id, deleted_at);
