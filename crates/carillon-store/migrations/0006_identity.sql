-- What IAM keeps beside users, groups, roles and policies: instance profiles, identity providers and the further
-- credentials of users. Tags of all of them are in iam_tag, by unique id or, where there is none, by ARN.

CREATE TABLE iam_instance_profile (
    instance_profile_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    instance_profile_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    -- One at most.
    role_id TEXT REFERENCES iam_role (role_id),
    created_at BIGINT NOT NULL,
    UNIQUE (aws_account_id, name_key)
);
CREATE INDEX iam_instance_profile_by_role ON iam_instance_profile (role_id, name_key);

-- Identity providers that speak OpenID Connect.
CREATE TABLE iam_oidc_provider (
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    -- The issuer without "https://": the end of the ARN, and the beginning of condition keys.
    provider_name TEXT NOT NULL,
    -- JSON lists of strings, in the order in which they were given.
    client_ids TEXT NOT NULL,
    thumbprints TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (aws_account_id, provider_name)
);
