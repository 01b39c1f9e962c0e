-- What the products that people meet and chat in tell us, and the figures made of it. Times are microseconds, days are
-- counted from 1970-01-01 in UTC.

CREATE TABLE activity_source (
    -- Short, because every event has it. 0 is the portal's own.
    source_number BIGINT NOT NULL PRIMARY KEY,
    source_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Feed or LiveKit.
    kind TEXT NOT NULL,
    -- What LiveKit calls the key, in its tokens. Empty for others.
    api_key TEXT NOT NULL,
    -- Sealed. Empty for a source that signs nothing.
    sealed_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it last told anything.
    heard_at BIGINT
);
INSERT INTO activity_source (source_number, source_id, name, kind, api_key, sealed_key, created_at)
VALUES (0, '', 'portal', 'Portal', '', '', 0);

-- The accounts whose people a source may speak of. Without a row it may speak of everybody's.
CREATE TABLE activity_source_account (
    source_number BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (source_number, account_id)
);

-- Every event, once.
CREATE TABLE activity_event (
    source_number BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    event_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- Absent for events that are of no meeting.
    meeting_id TEXT,
    -- The rest of it, in JSON. Empty for events that only have to be known again.
    facts TEXT NOT NULL,
    PRIMARY KEY (source_number, event_id)
);
CREATE INDEX activity_event_of_meeting ON activity_event (meeting_id, event_at, source_number, event_id)
    WHERE meeting_id IS NOT NULL;
CREATE INDEX activity_event_of_no_meeting ON activity_event (event_at) WHERE meeting_id IS NULL;

CREATE TABLE activity_meeting (
    meeting_id TEXT NOT NULL PRIMARY KEY,
    source_number BIGINT NOT NULL,
    events BIGINT NOT NULL,
    -- The time of its last event, by which it is forgotten.
    last_at BIGINT NOT NULL,
    -- The rest is known from its end on.
    ended_at BIGINT,
    started_at BIGINT,
    conference_id TEXT,
    meeting_type TEXT,
    title TEXT,
    -- As told, and without case.
    organizer_email TEXT,
    organizer_key TEXT,
    -- Who that was when it ended. Absent if nobody here, or nobody the source may speak of.
    organizer_id TEXT,
    account_id TEXT,
    organizer_is_pro BOOLEAN,
    attendee_count BIGINT,
    recorded BOOLEAN,
    phone_used BOOLEAN,
    room_system_used BOOLEAN,
    active_pro BOOLEAN,
    positive BIGINT,
    negative BIGINT
);
CREATE INDEX activity_meeting_page ON activity_meeting (account_id, ended_at, meeting_id)
    WHERE account_id IS NOT NULL;
CREATE INDEX activity_meeting_of_organizer ON activity_meeting (account_id, organizer_key, ended_at, meeting_id)
    WHERE account_id IS NOT NULL;
CREATE INDEX activity_meeting_of_conference ON activity_meeting (account_id, conference_id, ended_at, meeting_id)
    WHERE account_id IS NOT NULL;
CREATE INDEX activity_meeting_by_age ON activity_meeting (last_at, meeting_id);

CREATE TABLE activity_attendee (
    meeting_id TEXT NOT NULL,
    attendee_id TEXT NOT NULL,
    -- In the order in which they came.
    place BIGINT NOT NULL,
    email_key TEXT,
    user_id TEXT,
    account_id TEXT,
    is_device BOOLEAN NOT NULL,
    is_pro BOOLEAN NOT NULL,
    -- Whether figures count it: a person of an account that was there, in one row of the meeting.
    is_counted BOOLEAN NOT NULL,
    ended_at BIGINT NOT NULL,
    -- As GetMeetingDetail shows it.
    record TEXT NOT NULL,
    PRIMARY KEY (meeting_id, attendee_id)
);
CREATE INDEX activity_attendee_page ON activity_attendee (meeting_id, place);
CREATE INDEX activity_attendee_of_person ON activity_attendee (user_id, ended_at, meeting_id) WHERE is_counted;

-- What a person did on a day: a meeting counts on the day of its end.
CREATE TABLE activity_person_day (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    attended BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    organized BIGINT NOT NULL,
    positive BIGINT NOT NULL,
    negative BIGINT NOT NULL,
    -- Meetings by which the person is an Active Pro user.
    pro_meetings BIGINT NOT NULL,
    PRIMARY KEY (account_id, user_id, day)
);
CREATE INDEX activity_person_day_by_age ON activity_person_day (day);

-- The first and the last day on which a person was active, and was Active Pro. Most questions for distinct people are
-- answered by it alone.
CREATE TABLE activity_person (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    first_day BIGINT,
    last_day BIGINT,
    first_pro_day BIGINT,
    last_pro_day BIGINT,
    PRIMARY KEY (account_id, user_id)
);

-- The figures of an account. Weeks and months have distinct people only: the rest is the sum of their days.
CREATE TABLE activity_figures (
    account_id TEXT NOT NULL,
    -- Day, Week or Month.
    span TEXT NOT NULL,
    first_day BIGINT NOT NULL,
    active_users BIGINT NOT NULL,
    active_pro_users BIGINT NOT NULL,
    meetings BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    positive BIGINT NOT NULL,
    negative BIGINT NOT NULL,
    PRIMARY KEY (account_id, span, first_day)
);
CREATE INDEX activity_figures_by_age ON activity_figures (first_day);

-- When the presence of a person was last set by a source, so that what comes late changes nothing.
CREATE TABLE activity_presence (
    user_id TEXT NOT NULL PRIMARY KEY,
    set_at BIGINT NOT NULL
);

CREATE INDEX chime_user_by_registration ON chime_user (account_id, user_type, registered_at)
    WHERE list_rank = 0 AND registered_at IS NOT NULL;
