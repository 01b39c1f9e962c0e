-- What is needed to tell which policies a new release gave more than their authors knew of.

-- The actions that releases of this deployment served, and when the first server started that did.
CREATE TABLE served_action (
    action TEXT NOT NULL PRIMARY KEY,
    -- 0 of what was there when this was first written down.
    since BIGINT NOT NULL
);

-- 0 of what was last put before this was written down.
ALTER TABLE iam_inline_policy ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
