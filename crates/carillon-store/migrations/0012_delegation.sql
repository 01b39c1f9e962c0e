-- Chime accounts that one AWS account lends to another, and what is asked of the operator.

-- An invitation until it is accepted, and the delegation itself from then on. What is over is deleted.
CREATE TABLE chime_delegate (
    delegate_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES chime_account (account_id),
    -- When the Chime account was made, by which lists of accounts are ordered.
    account_created_at BIGINT NOT NULL,
    owner_aws_account_id TEXT NOT NULL,
    -- From acceptance on.
    delegate_aws_account_id TEXT,
    invited_email TEXT NOT NULL,
    invited_at BIGINT NOT NULL,
    invitation_expires_at BIGINT NOT NULL,
    -- Of the token in the mail. Absent once it was used.
    token_digest TEXT UNIQUE,
    accepted_at BIGINT,
    -- From here on the delegation is over, whether its row is deleted already or not.
    ends_at BIGINT,
    -- A policy document: what the delegate can be allowed at the most.
    boundary TEXT,
    reason TEXT
);
CREATE UNIQUE INDEX chime_delegate_reach ON chime_delegate (account_id, delegate_aws_account_id)
    WHERE delegate_aws_account_id IS NOT NULL;
CREATE INDEX chime_delegate_page ON chime_delegate (account_id, invited_at, delegate_id);
CREATE INDEX chime_delegate_accounts ON chime_delegate (delegate_aws_account_id, account_created_at, account_id)
    WHERE delegate_aws_account_id IS NOT NULL;

-- Invitations that an AWS account sent lately, so that nobody is flooded in the operator's name.
CREATE TABLE chime_delegate_mail (
    mail_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL,
    sent_at BIGINT NOT NULL
);
CREATE INDEX chime_delegate_mail_lately ON chime_delegate_mail (aws_account_id, sent_at);

-- Requests for help to the operator of the server.
CREATE TABLE chime_support_request (
    request_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL,
    -- The Chime account that it is about, if any. It may be gone since.
    account_id TEXT,
    -- Submitted, Sent or Failed.
    status TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    contact_email TEXT NOT NULL,
    occurred_at BIGINT,
    client_version TEXT,
    log_reference_id TEXT,
    meeting_id TEXT,
    submitted_at BIGINT NOT NULL,
    -- The ARN of whoever asked.
    submitted_by TEXT NOT NULL
);
CREATE INDEX chime_support_request_page ON chime_support_request (aws_account_id, submitted_at, request_id);
