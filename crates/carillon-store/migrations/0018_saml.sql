-- Identity providers that speak SAML.
CREATE TABLE iam_saml_provider (
    aws_account_id TEXT NOT NULL REFERENCES aws_account (aws_account_id),
    provider_name TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    -- As it was sent.
    metadata TEXT NOT NULL,
    -- What of it is asked for at each sign-in: the issuer, and a JSON list of certificates, which are DER in base64.
    entity_id TEXT NOT NULL,
    certificates TEXT NOT NULL,
    valid_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (aws_account_id, provider_name)
);
