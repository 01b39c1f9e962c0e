-- What the portal sent to addresses, and whether its link still opens something.
CREATE TABLE chime_link (
    link_id TEXT NOT NULL PRIMARY KEY,
    -- Registration, Password, or Notice: a mail without a link of its own.
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    -- As of users.
    email_key TEXT NOT NULL,
    -- Whose password it is for.
    user_id TEXT,
    -- SHA-256 of the token in the mail, in hexadecimal. Absent of notices, and when the link is used up.
    token_digest TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX chime_link_by_email ON chime_link (email_key, created_at);
