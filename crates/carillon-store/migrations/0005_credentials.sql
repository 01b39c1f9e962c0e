-- Second factors, and the report on everybody's credentials.

CREATE TABLE iam_mfa_device (
    -- The ARN.
    serial_number TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    -- Sealed by the server's key for "mfa/<serial_number>"; NULL of passkeys.
    sealed_seed TEXT,
    -- A user_id, or aws_account.root_user_id; NULL until it is enabled.
    owner_id TEXT,
    enabled_at BIGINT,
    -- Of virtual devices, in steps of 30 seconds: how many the device is ahead, and the last one whose code was accepted.
    drift BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX iam_mfa_device_by_account ON iam_mfa_device (aws_account_id, serial_number);
CREATE INDEX iam_mfa_device_by_owner ON iam_mfa_device (owner_id);

-- Root has a password without a login profile.
ALTER TABLE aws_account ADD COLUMN root_password_last_used_at BIGINT;

CREATE TABLE iam_credential_report (
    aws_account_id TEXT NOT NULL PRIMARY KEY REFERENCES aws_account (aws_account_id),
    requested_at BIGINT NOT NULL,
    -- NULL while it is being made.
    generated_at BIGINT,
    content TEXT
);
