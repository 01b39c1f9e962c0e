-- Identities and their policies. Names are unique ignoring case: name_key is the lower-case form.
-- entity_id is a user_id, group_id or role_id; unique ids are never reused, so they need no kind beside them.

CREATE TABLE iam_user (
    user_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    user_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    permissions_boundary_arn TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (aws_account_id, name_key)
);
CREATE INDEX iam_user_by_boundary ON iam_user (permissions_boundary_arn);

CREATE TABLE iam_group (
    group_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    group_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (aws_account_id, name_key)
);

CREATE TABLE iam_membership (
    group_id TEXT NOT NULL REFERENCES iam_group (group_id),
    user_id TEXT NOT NULL REFERENCES iam_user (user_id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX iam_membership_by_user ON iam_membership (user_id);

CREATE TABLE iam_role (
    role_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    role_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    -- As AWS keeps it: user and role ARNs are replaced by unique ids.
    assume_role_policy_document TEXT NOT NULL,
    description TEXT,
    max_session_duration BIGINT NOT NULL,
    permissions_boundary_arn TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (aws_account_id, name_key)
);
CREATE INDEX iam_role_by_boundary ON iam_role (permissions_boundary_arn);

CREATE TABLE iam_policy (
    policy_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    arn TEXT NOT NULL UNIQUE,
    policy_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    default_version BIGINT NOT NULL,
    -- Version numbers are never reused.
    last_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (aws_account_id, name_key)
);

CREATE TABLE iam_policy_version (
    policy_id TEXT NOT NULL REFERENCES iam_policy (policy_id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- Managed policies, the customer's and AWS's, on users, groups and roles.
CREATE TABLE iam_attachment (
    entity_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    -- user, group or role
    entity_kind TEXT NOT NULL,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (entity_id, policy_arn)
);
CREATE INDEX iam_attachment_by_policy ON iam_attachment (aws_account_id, policy_arn, entity_kind, entity_id);

CREATE TABLE iam_inline_policy (
    entity_id TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (entity_id, policy_name)
);

CREATE TABLE iam_tag (
    entity_id TEXT NOT NULL,
    tag_key_lower TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (entity_id, tag_key_lower)
);

-- Keys of users, and of root, whose user_id is aws_account.root_user_id.
CREATE TABLE iam_access_key (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    user_id TEXT NOT NULL,
    -- Sealed by the server's key for "access-key/<access_key_id>".
    sealed_secret TEXT NOT NULL,
    -- Active or Inactive
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX iam_access_key_by_user ON iam_access_key (user_id, created_at);

-- Apart from the key, because it changes without a change of access control.
CREATE TABLE iam_access_key_use (
    access_key_id TEXT NOT NULL PRIMARY KEY,
    last_used_at BIGINT NOT NULL,
    service_name TEXT NOT NULL,
    region TEXT NOT NULL
);

CREATE TABLE iam_login_profile (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES iam_user (user_id),
    -- Argon2id, PHC string form.
    password_hash TEXT NOT NULL,
    password_reset_required BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    password_last_used_at BIGINT
);

-- The passwords a user has had, the present one among them, so that none is chosen again too soon. Outlives the
-- login profile.
CREATE TABLE iam_password_history (
    user_id TEXT NOT NULL REFERENCES iam_user (user_id),
    changed_at BIGINT NOT NULL,
    password_hash TEXT NOT NULL,
    PRIMARY KEY (user_id, changed_at, password_hash)
);

CREATE TABLE iam_account_password_policy (
    aws_account_id TEXT NOT NULL PRIMARY KEY REFERENCES aws_account (aws_account_id),
    minimum_password_length BIGINT NOT NULL,
    require_symbols BOOLEAN NOT NULL,
    require_numbers BOOLEAN NOT NULL,
    require_uppercase_characters BOOLEAN NOT NULL,
    require_lowercase_characters BOOLEAN NOT NULL,
    allow_users_to_change_password BOOLEAN NOT NULL,
    max_password_age BIGINT,
    password_reuse_prevention BIGINT,
    hard_expiry BOOLEAN
);
