-- Everything that `verify` asks Postgres; all of one partition is read in one snapshot.

-- name: positions
SELECT topic, next FROM position WHERE partition = %(partition)s

-- name: learners
SELECT user_id, steps, state, course_ids, last_event_at, first_day, began_day, activities, seconds, posts,
    timed, not_passing, next_missing
FROM learner WHERE partition = %(partition)s

-- name: courses
-- In the order of the fields of CourseRow.
SELECT course_id, user_id, entered_at, last_work_day, next_missing, not_passing, attention,
    attention_since, attention_until, categories, alerts::text[], contact_place, progress,
    average_score, score_count, scores, settled, helped_at, helped
FROM learner_course WHERE partition = %(partition)s

-- name: record
SELECT next, clock, clock_mode, record FROM partition_record WHERE partition = %(partition)s

-- name: facts
SELECT course_id, facts FROM course_facts WHERE partition = %(partition)s

-- An alert of a learner without a row belongs to no partition here: the caller tells by the key.
-- name: alerts
SELECT alert_id::text, user_id, revision, type, severity, alert.state, raised_at, alert.updated_at, expires_at,
    resolved_at, resolution, body, acknowledged_at, feedback, feedback_at
FROM alert LEFT JOIN learner USING (user_id)
WHERE learner.partition = %(partition)s OR learner.partition IS NULL

-- name: snapshots
SELECT number, learned_until, snapshot FROM model_snapshots

-- name: serving
SELECT number, newest, pinned, frozen FROM model_serving
