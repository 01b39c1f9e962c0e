-- Chime accounts and the people in them. Times are microseconds.

CREATE TABLE chime_account (
    account_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The name without case, for the filter of ListAccounts.
    name_key TEXT NOT NULL,
    account_type TEXT NOT NULL,
    -- Active, Suspended or Disabled.
    status TEXT NOT NULL,
    default_license TEXT NOT NULL,
    -- Names with commas between them.
    supported_licenses TEXT NOT NULL,
    disable_remote_control BOOLEAN NOT NULL,
    enable_dial_out BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE INDEX chime_account_page ON chime_account (aws_account_id, created_at, account_id);

-- Which account has claimed which e-mail domain.
CREATE TABLE chime_domain (
    account_id TEXT NOT NULL,
    -- Who owns the account: claims that are looked up are counted by it.
    aws_account_id TEXT NOT NULL,
    domain_name TEXT NOT NULL,
    -- PendingVerification, Verified, VerificationFailed, or Released: the account had it and gave it away.
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, domain_name)
);
CREATE UNIQUE INDEX chime_domain_claim ON chime_domain (domain_name) WHERE status = 'Verified';

CREATE TABLE chime_user (
    user_id TEXT NOT NULL PRIMARY KEY,
    -- Absent for people who belong to no account.
    account_id TEXT,
    email TEXT NOT NULL,
    -- The address without case, by which it is found and unique.
    email_key TEXT NOT NULL,
    -- What comes after its @, for what happens to domains.
    email_domain TEXT NOT NULL,
    display_name TEXT,
    license TEXT,
    user_type TEXT NOT NULL,
    -- Unregistered, Registered, Suspended or Released.
    registration TEXT NOT NULL,
    -- Pending, Accepted or Failed.
    invitation TEXT,
    -- 1 for Released, who come last in lists; else 0.
    list_rank BIGINT NOT NULL,
    registered_at BIGINT,
    invited_at BIGINT,
    personal_pin TEXT,
    alexa_enabled BOOLEAN NOT NULL,
    alexa_room_arn TEXT,
    inbound_calling BOOLEAN NOT NULL,
    outbound_calling BOOLEAN NOT NULL,
    sms BOOLEAN NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    -- Who sees whether the person is there: Public or Private.
    presence TEXT NOT NULL
);
CREATE INDEX chime_user_page ON chime_user (account_id, list_rank, created_at, user_id);
CREATE INDEX chime_user_page_of_type ON chime_user (account_id, user_type, list_rank, created_at, user_id);
CREATE UNIQUE INDEX chime_user_holds_email ON chime_user (email_key) WHERE list_rank = 0;
CREATE INDEX chime_user_by_email ON chime_user (email_key, account_id, list_rank, created_at);

CREATE INDEX chime_user_by_domain ON chime_user (email_domain, user_id);

-- Every PIN in use, and those retired in the last year, which nobody gets again so soon. Older ones stay until
-- somebody draws them: a row is smaller than the work of looking for it.
CREATE TABLE chime_personal_pin (
    personal_pin TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX chime_personal_pin_of_user ON chime_personal_pin (user_id);

CREATE TABLE chime_invite (
    invite_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL,
    -- The owner of the account, in whose name the mails are sent.
    aws_account_id TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    email_domain TEXT NOT NULL,
    -- Pending, Accepted or Failed.
    status TEXT NOT NULL,
    -- SHA-256 of the token in the mail, in hexadecimal.
    token_digest TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When its mail leaves, or left. Absent if there is none.
    mail_at BIGINT
);
CREATE UNIQUE INDEX chime_invite_open ON chime_invite (account_id, email_key) WHERE status = 'Pending';
CREATE INDEX chime_invite_of_account ON chime_invite (account_id);
CREATE INDEX chime_invite_mails ON chime_invite (aws_account_id, mail_at);
CREATE INDEX chime_invite_open_of_domain ON chime_invite (email_domain, aws_account_id) WHERE status = 'Pending';
CREATE INDEX chime_invite_mails_to ON chime_invite (aws_account_id, email_key, mail_at);

-- Devices on which people are signed in to the portal.
CREATE TABLE chime_session (
    session_id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the token in the cookie, in hexadecimal.
    token_digest TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX chime_session_of_user ON chime_session (user_id, created_at);
