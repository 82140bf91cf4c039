-- Times are seconds since the epoch (UTC), days are proleptic ordinals of local dates.

-- One learner: the state as the stream has it, and the columns for queries over many learners.
CREATE TABLE learner (
    user_id            text PRIMARY KEY,
    partition          integer NOT NULL,
    steps              bigint NOT NULL,
    state              bytea NOT NULL,
    course_ids         text[] NOT NULL,
    last_event_at      bigint NOT NULL,
    first_day          integer NOT NULL,
    activities         integer[] NOT NULL,
    seconds            integer[] NOT NULL,
    posts              integer[] NOT NULL,
    error_count        bigint NOT NULL,
    error_absolute_sum double precision NOT NULL,
    updated_at         bigint NOT NULL
) WITH (fillfactor = 80);
-- A state is packed already: compressing it again costs time and gains nothing.
ALTER TABLE learner ALTER COLUMN state SET STORAGE EXTERNAL;

CREATE TABLE partition_record (
    partition   integer PRIMARY KEY,
    next        bigint NOT NULL,
    clock       bigint NOT NULL,
    clock_mode  text NOT NULL,
    record      bytea NOT NULL,
    updated_at  bigint NOT NULL
);

-- Course facts as each partition adopted them.
CREATE TABLE course_facts (
    partition   integer NOT NULL,
    course_id   text NOT NULL,
    facts       bytea NOT NULL,
    PRIMARY KEY (partition, course_id)
);

-- `body` is the transition that raised or last updated the alert, as JSON; what a resolve changes
-- stands in columns of its own.
CREATE TABLE alert (
    alert_id    uuid PRIMARY KEY,
    user_id     text NOT NULL,
    revision    integer NOT NULL,
    type        text NOT NULL,
    severity    text NOT NULL,
    state       text NOT NULL,
    raised_at   bigint NOT NULL,
    updated_at  bigint NOT NULL,
    expires_at  bigint NOT NULL,
    resolved_at bigint,
    resolution  text,
    body        bytea NOT NULL
);
CREATE INDEX alert_history ON alert (user_id, raised_at DESC, alert_id);

-- How far the sink has read each partition; moved by compare-and-set in the transaction that writes.
CREATE TABLE position (
    topic       text NOT NULL,
    partition   integer NOT NULL,
    topic_id    text NOT NULL,
    next        bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Weekly figures of each course's learners over 28 days: the 75th percentile of each component of
-- the engagement level (null where that is 0), and the 15th and 85th of the level for segments.
CREATE TABLE cohort (
    course_id      text PRIMARY KEY,
    learners       integer NOT NULL,
    active_days    double precision,
    minutes        double precision,
    activities     double precision,
    discussion     double precision,
    engagement_p15 double precision NOT NULL,
    engagement_p85 double precision NOT NULL
);

CREATE TABLE cohort_refresh (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    day          integer NOT NULL,
    refreshed_at bigint NOT NULL,
    learners     bigint NOT NULL
);

-- Sums over all learners as they stood on that day; the difference of two days is what came between.
CREATE TABLE model_error_daily (
    day                integer PRIMARY KEY,
    error_count        bigint NOT NULL,
    error_absolute_sum double precision NOT NULL
);
