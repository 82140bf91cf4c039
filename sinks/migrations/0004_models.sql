-- What models were when, and which of them serves. A snapshot stands as it came, its scores beside it
-- as JSON for whoever asks about their history.
CREATE TABLE model_snapshots (
    number        bigint PRIMARY KEY,
    learned_until bigint NOT NULL,
    snapshot      bytea NOT NULL,
    report        jsonb NOT NULL,
    stored_at     bigint NOT NULL
);

CREATE TABLE model_serving (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number   bigint NOT NULL,
    newest   bigint NOT NULL,
    pinned   boolean NOT NULL,
    frozen   boolean NOT NULL
);

-- The running error of a learner's own predictions is no more: snapshots have the scores of all.
ALTER TABLE learner DROP COLUMN error_count, DROP COLUMN error_absolute_sum;
DROP TABLE model_error_daily;

-- What the models say of each of `course_ids`, in thousandths: lists of a course are ordered by it.
-- A row that was written before says nothing until the learner's next event.
ALTER TABLE learner
    ADD COLUMN not_passing  integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN next_missing integer[] NOT NULL DEFAULT '{}';

-- An alert that is true again is open; some of these kept what had ended them before.
UPDATE alert SET resolved_at = NULL, resolution = NULL WHERE state = 'open' AND resolved_at IS NOT NULL;

-- What the learner said about an alert: when it was first acknowledged, and the newest feedback.
ALTER TABLE alert
    ADD COLUMN acknowledged_at bigint,
    ADD COLUMN feedback        text,
    ADD COLUMN feedback_at     bigint;
