-- Passkeys and security keys, which are rows of iam_mfa_device without a seed.

CREATE TABLE iam_passkey (
    serial_number TEXT NOT NULL PRIMARY KEY REFERENCES iam_mfa_device (serial_number),
    -- Of whichever AWS account: an authenticator draws it at random. In base64url, as the next.
    credential_id TEXT NOT NULL UNIQUE,
    -- As COSE has it.
    public_key TEXT NOT NULL,
    verifies_user BOOLEAN NOT NULL,
    -- What it last counted to; 0 of those that do not count.
    sign_count BIGINT NOT NULL
);

-- What a key is asked to sign, once and soon.
CREATE TABLE iam_passkey_challenge (
    challenge TEXT NOT NULL PRIMARY KEY,
    -- A user_id, or aws_account.root_user_id.
    owner_id TEXT NOT NULL,
    -- 'sign-in', or 'register/' and the access key of the session.
    purpose TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX iam_passkey_challenge_of_owner ON iam_passkey_challenge (owner_id, expires_at);
