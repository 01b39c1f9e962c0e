-- Domains: how a claim is proved, and what is left of one that was given up. Times are microseconds.

-- What the TXT record has to say, as long as the claim is not proved.
ALTER TABLE chime_domain ADD COLUMN challenge TEXT;
ALTER TABLE chime_domain ADD COLUMN verified_at BIGINT;
ALTER TABLE chime_domain ADD COLUMN checked_at BIGINT;
-- RecordNotFound, ValueMismatch, DnsError, ClaimedByAnotherAccount or Found.
ALTER TABLE chime_domain ADD COLUMN check_result TEXT;
-- When the record is looked up next. Absent when it is not.
ALTER TABLE chime_domain ADD COLUMN next_check_at BIGINT;
CREATE INDEX chime_domain_waiting ON chime_domain (domain_name, account_id) WHERE status = 'PendingVerification';
CREATE INDEX chime_domain_waiting_by_owner ON chime_domain (aws_account_id) WHERE status = 'PendingVerification';

-- Domains that an account had and gave up. Its people of them are not let in, whatever their own rows still say.
CREATE TABLE chime_former_domain (
    account_id TEXT NOT NULL,
    domain_name TEXT NOT NULL,
    given_up_at BIGINT NOT NULL,
    -- Whether all its people have been released or deleted.
    is_settled BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, domain_name)
);
INSERT INTO chime_former_domain (account_id, domain_name, given_up_at, is_settled)
    SELECT account_id, domain_name, created_at, TRUE FROM chime_domain WHERE status = 'Released';
DELETE FROM chime_domain WHERE status = 'Released';

-- What happens to the people of a domain concerns those of one account, or those of none.
CREATE INDEX chime_user_of_account_by_domain ON chime_user (account_id, email_domain, registration, user_id);
