-- Products that sign people in at the portal, by OpenID Connect, and what they were given.

CREATE TABLE chime_openid_client (
    client_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the secret, in hexadecimal. A public client has none.
    secret_digest TEXT,
    -- Addresses, one a line.
    redirect_uris TEXT NOT NULL,
    post_logout_uris TEXT NOT NULL,
    back_channel_uri TEXT,
    -- The Chime account whose people it is for. Absent: for everybody.
    account_id TEXT,
    -- The licence that people need for it, at least.
    license TEXT,
    -- What its tokens are signed by: ES256 or RS256.
    algorithm TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- That a person signed in to a product, through one session of the portal. It is nothing without that session.
CREATE TABLE chime_openid_grant (
    grant_id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    nonce TEXT,
    redirect_uri TEXT NOT NULL,
    -- SHA-256 of what only the product knows, as RFC 7636 writes it.
    challenge TEXT NOT NULL,
    -- SHA-256 of the code, in hexadecimal. It stays, so that a second use is noticed.
    code_digest TEXT NOT NULL UNIQUE,
    code_expires_at BIGINT NOT NULL,
    -- Waiting for its code, Live, or Ended.
    status TEXT NOT NULL,
    -- What all refresh tokens of the grant begin with.
    family TEXT NOT NULL UNIQUE,
    -- SHA-256 of the one that is good, in hexadecimal.
    refresh_digest TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX chime_openid_grant_of_session ON chime_openid_grant (session_id, client_id, created_at);
CREATE INDEX chime_openid_grant_of_user ON chime_openid_grant (user_id);
CREATE INDEX chime_openid_grant_of_client ON chime_openid_grant (client_id);

-- What tokens are signed with. The one of an algorithm that began last signs; the others are published still, or already.
CREATE TABLE chime_openid_key (
    key_id TEXT NOT NULL PRIMARY KEY,
    -- ES256, of keys that we draw, or RS256, of keys that the operator brings.
    algorithm TEXT NOT NULL,
    -- The point of P-256, not compressed, or modulus and exponent with a space, in hexadecimal.
    public_key TEXT NOT NULL,
    -- The private key in PKCS #8 (RSA: or PKCS #1), sealed by the vault.
    sealed TEXT NOT NULL,
    signs_from BIGINT NOT NULL
);
