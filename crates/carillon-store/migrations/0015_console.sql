-- Who is signed in to the web console.

CREATE TABLE iam_console_session (
    session_id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the token in the cookie, in hexadecimal.
    token_digest TEXT NOT NULL UNIQUE,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    -- A user_id, or aws_account.root_user_id.
    owner_id TEXT NOT NULL,
    -- Temporary credentials of the owner. The secret is sealed within the token.
    access_key_id TEXT NOT NULL,
    session_token TEXT NOT NULL,
    -- The role that was switched to, with its credentials and their end; or nothing.
    role_arn TEXT,
    role_access_key_id TEXT,
    role_session_token TEXT,
    role_expires_at BIGINT,
    -- SHA-256 of the hash of the password that was shown, in hexadecimal: a session does not outlive a change of it.
    password_digest TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX iam_console_session_of_owner ON iam_console_session (owner_id, created_at);

-- Root signs in with the address of its AWS account.
CREATE INDEX aws_account_by_email ON aws_account (LOWER(email));
