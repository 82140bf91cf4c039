-- Everything the sink says to Postgres. A batch is one transaction, and `move_position` its first
-- statement: where it finds no row, somebody else has written since, and nothing of it stands.
-- Long columns go over as binary (`b`): as text they cost ten times as much of our time.

-- name: move_position
UPDATE position SET next = %(next)s
WHERE topic = %(topic)s AND partition = %(partition)s AND topic_id = %(topic_id)s
  AND next = %(expected)s

-- name: begin_position
INSERT INTO position (topic, partition, topic_id, next)
VALUES (%(topic)s, %(partition)s, %(topic_id)s, %(next)s)
ON CONFLICT DO NOTHING

-- name: read_position
SELECT topic_id, next FROM position WHERE topic = %(topic)s AND partition = %(partition)s

-- name: write_learners
INSERT INTO learner (
    user_id, partition, steps, state, course_ids, last_event_at, first_day,
    began_day, activities, seconds, posts, timed, not_passing, next_missing, updated_at
)
SELECT
    user_id, %(partition)s, steps, state, course_ids::text[], last_event_at, first_day,
    began_day, activities::integer[], seconds::integer[], posts::integer[], timed::integer[],
    not_passing::integer[], next_missing::integer[], %(now)s
FROM unnest(
    %(user_id)b::text[], %(steps)b::bigint[], %(state)b::bytea[], %(course_ids)b::text[],
    %(last_event_at)b::bigint[], %(first_day)b::integer[], %(activities)b::text[],
    %(seconds)b::text[], %(posts)b::text[], %(timed)b::text[], %(not_passing)b::text[],
    %(next_missing)b::text[], %(began_day)b::integer[]
) AS batch (
    user_id, steps, state, course_ids, last_event_at, first_day, activities, seconds, posts,
    timed, not_passing, next_missing, began_day
)
ON CONFLICT (user_id) DO UPDATE SET
    partition = EXCLUDED.partition,
    steps = EXCLUDED.steps,
    state = EXCLUDED.state,
    course_ids = EXCLUDED.course_ids,
    last_event_at = EXCLUDED.last_event_at,
    first_day = EXCLUDED.first_day,
    began_day = EXCLUDED.began_day,
    activities = EXCLUDED.activities,
    seconds = EXCLUDED.seconds,
    posts = EXCLUDED.posts,
    timed = EXCLUDED.timed,
    not_passing = EXCLUDED.not_passing,
    next_missing = EXCLUDED.next_missing,
    updated_at = EXCLUDED.updated_at
WHERE learner.steps < EXCLUDED.steps

-- name: remove_learners
DELETE FROM learner WHERE user_id = ANY(%(user_id)s)

-- name: write_record
INSERT INTO partition_record (partition, next, clock, clock_mode, record, updated_at)
VALUES (%(partition)s, %(next)s, %(clock)s, %(clock_mode)s, %(record)s, %(now)s)
ON CONFLICT (partition) DO UPDATE SET
    next = EXCLUDED.next,
    clock = EXCLUDED.clock,
    clock_mode = EXCLUDED.clock_mode,
    record = EXCLUDED.record,
    updated_at = EXCLUDED.updated_at

-- name: write_facts
INSERT INTO course_facts (partition, course_id, facts)
SELECT %(partition)s, course_id, facts
FROM unnest(%(course_id)s::text[], %(facts)s::bytea[]) AS batch (course_id, facts)
ON CONFLICT (partition, course_id) DO UPDATE SET facts = EXCLUDED.facts
WHERE course_facts.facts <> EXCLUDED.facts
RETURNING course_id

-- name: facts_of_courses
SELECT course_id, facts FROM course_facts
WHERE partition = %(partition)s AND course_id = ANY(%(course_id)s)

-- name: leave_courses
-- Rows of courses that are open no longer, of learners whose newest state this is.
DELETE FROM learner_course USING (
    SELECT user_id, course_ids FROM learner
    WHERE user_id = ANY(%(user_id)b::text[])
) AS now
WHERE learner_course.user_id = now.user_id AND learner_course.course_id <> ALL(now.course_ids)
RETURNING course_id

-- name: write_courses
-- Of a learner whose row has other steps there is a newer state: its own batch writes its courses.
-- What does not change is left out before: an upsert that changes nothing still locks its row.
WITH batch AS (
    SELECT
        course_id, user_id, steps, entered_at, last_work_day, next_missing, not_passing, attention,
        attention_since, attention_until, categories::text[], alerts::uuid[], contact_place,
        progress, average_score, score_count, scores::double precision[], settled::bigint[],
        helped_at, helped::text[]
    FROM unnest(
        %(course_id)b::text[], %(user_id)b::text[], %(steps)b::bigint[], %(entered_at)b::bigint[],
        %(last_work_day)b::integer[], %(next_missing)b::smallint[], %(not_passing)b::smallint[],
        %(attention)b::smallint[], %(attention_since)b::bigint[], %(attention_until)b::bigint[],
        %(categories)b::text[], %(alerts)b::text[], %(contact_place)b::smallint[],
        %(progress)b::double precision[], %(average_score)b::double precision[],
        %(score_count)b::smallint[], %(scores)b::text[], %(settled)b::text[],
        %(helped_at)b::bigint[], %(helped)b::text[]
    ) AS given (
        course_id, user_id, steps, entered_at, last_work_day, next_missing, not_passing, attention,
        attention_since, attention_until, categories, alerts, contact_place, progress,
        average_score, score_count, scores, settled, helped_at, helped
    )
)
INSERT INTO learner_course (
    course_id, user_id, partition, entered_at, last_work_day, next_missing, not_passing, attention,
    attention_since, attention_until, categories, alerts, contact_place, progress, average_score,
    score_count, scores, settled, helped_at, helped
)
SELECT
    course_id, user_id, %(partition)s, batch.entered_at, batch.last_work_day, batch.next_missing,
    batch.not_passing, batch.attention, batch.attention_since, batch.attention_until,
    batch.categories, batch.alerts, batch.contact_place, batch.progress, batch.average_score,
    batch.score_count, batch.scores, batch.settled, batch.helped_at, batch.helped
FROM batch
JOIN learner USING (user_id, steps)
LEFT JOIN learner_course AS known USING (course_id, user_id)
WHERE known.partition IS DISTINCT FROM %(partition)s OR (
    known.entered_at, known.last_work_day, known.next_missing, known.not_passing, known.attention,
    known.attention_since, known.attention_until, known.categories, known.alerts,
    known.contact_place, known.progress, known.average_score, known.score_count, known.scores,
    known.settled, known.helped_at, known.helped
) IS DISTINCT FROM (
    batch.entered_at, batch.last_work_day, batch.next_missing, batch.not_passing, batch.attention,
    batch.attention_since, batch.attention_until, batch.categories, batch.alerts,
    batch.contact_place, batch.progress, batch.average_score, batch.score_count, batch.scores,
    batch.settled, batch.helped_at, batch.helped
)
ON CONFLICT (course_id, user_id) DO UPDATE SET
    partition = EXCLUDED.partition,
    entered_at = EXCLUDED.entered_at,
    last_work_day = EXCLUDED.last_work_day,
    next_missing = EXCLUDED.next_missing,
    not_passing = EXCLUDED.not_passing,
    attention = EXCLUDED.attention,
    attention_since = EXCLUDED.attention_since,
    attention_until = EXCLUDED.attention_until,
    categories = EXCLUDED.categories,
    alerts = EXCLUDED.alerts,
    contact_place = EXCLUDED.contact_place,
    progress = EXCLUDED.progress,
    average_score = EXCLUDED.average_score,
    score_count = EXCLUDED.score_count,
    scores = EXCLUDED.scores,
    settled = EXCLUDED.settled,
    helped_at = EXCLUDED.helped_at,
    helped = EXCLUDED.helped
RETURNING course_id

-- name: remove_from_courses
DELETE FROM learner_course WHERE user_id = ANY(%(user_id)s) RETURNING course_id

-- name: states_in_courses
-- The next of those who are in these courses, in order of their ids.
SELECT user_id, state FROM learner
WHERE user_id IN (
    SELECT DISTINCT user_id FROM learner_course
    WHERE course_id = ANY(%(course_id)s) AND partition = %(partition)s AND user_id > %(after)s
    ORDER BY user_id LIMIT %(limit)s
)
ORDER BY user_id

-- name: unlisted
-- Whether an older program wrote this partition's learners, without rows of courses.
DELETE FROM unlisted WHERE partition = %(partition)s RETURNING partition

-- name: next_states
SELECT user_id, state FROM learner
WHERE partition = %(partition)s AND user_id > %(after)s
ORDER BY user_id LIMIT %(limit)s

-- name: hold_position
SELECT next FROM position WHERE topic = %(topic)s AND partition = %(partition)s FOR UPDATE

-- name: write_told_alerts
-- An alert that is true again is open: what ended it before is no part of its row.
INSERT INTO alert (
    alert_id, user_id, revision, type, severity, state, raised_at, updated_at, expires_at, body
)
SELECT alert_id::uuid, user_id, revision, type, severity, state, raised_at, updated_at, expires_at, body
FROM unnest(
    %(alert_id)b::text[], %(user_id)b::text[], %(revision)b::integer[], %(type)b::text[],
    %(severity)b::text[], %(state)b::text[], %(raised_at)b::bigint[], %(updated_at)b::bigint[],
    %(expires_at)b::bigint[], %(body)b::bytea[]
) AS batch (
    alert_id, user_id, revision, type, severity, state, raised_at, updated_at, expires_at, body
)
ON CONFLICT (alert_id) DO UPDATE SET
    revision = EXCLUDED.revision,
    severity = EXCLUDED.severity,
    state = EXCLUDED.state,
    raised_at = EXCLUDED.raised_at,
    updated_at = EXCLUDED.updated_at,
    expires_at = EXCLUDED.expires_at,
    resolved_at = NULL,
    resolution = NULL,
    body = EXCLUDED.body
WHERE alert.revision < EXCLUDED.revision

-- name: write_ended_alerts
UPDATE alert SET
    revision = batch.revision,
    state = batch.state,
    updated_at = batch.updated_at,
    resolved_at = batch.resolved_at,
    resolution = batch.resolution
FROM unnest(
    %(alert_id)s::text[], %(revision)s::integer[], %(state)s::text[], %(updated_at)s::bigint[],
    %(resolved_at)s::bigint[], %(resolution)s::text[]
) AS batch (alert_id, revision, state, updated_at, resolved_at, resolution)
WHERE alert.alert_id = batch.alert_id::uuid AND alert.revision < batch.revision

-- name: write_responses
-- The first acknowledgement counts, and the newest feedback: least and greatest pass NULL over.
UPDATE alert SET
    acknowledged_at = least(alert.acknowledged_at, batch.acknowledged_at),
    feedback = CASE
        WHEN batch.feedback_at >= coalesce(alert.feedback_at, batch.feedback_at) THEN batch.feedback
        ELSE alert.feedback
    END,
    feedback_at = greatest(alert.feedback_at, batch.feedback_at)
FROM unnest(
    %(alert_id)s::text[], %(user_id)s::text[], %(acknowledged_at)s::bigint[],
    %(feedback)s::text[], %(feedback_at)s::bigint[]
) AS batch (alert_id, user_id, acknowledged_at, feedback, feedback_at)
WHERE alert.alert_id = batch.alert_id::uuid AND alert.user_id = batch.user_id

-- name: write_snapshots
-- A snapshot is never overwritten: of two records with one number the first counts.
INSERT INTO model_snapshots (number, learned_until, snapshot, report, stored_at)
SELECT number, learned_until, snapshot, report::jsonb, %(now)s
FROM unnest(
    %(number)s::bigint[], %(learned_until)s::bigint[], %(snapshot)b::bytea[], %(report)s::text[]
) AS batch (number, learned_until, snapshot, report)
ON CONFLICT (number) DO NOTHING

-- name: write_serving
INSERT INTO model_serving (number, newest, pinned, frozen)
VALUES (%(number)s, %(newest)s, %(pinned)s, %(frozen)s)
ON CONFLICT (only_row) DO UPDATE SET
    number = EXCLUDED.number,
    newest = EXCLUDED.newest,
    pinned = EXCLUDED.pinned,
    frozen = EXCLUDED.frozen

-- name: notify
-- Delivered when the batch is committed, and once for each partition of it.
SELECT pg_notify(%(channel)s, %(partition)s::text)

-- name: notify_courses
SELECT pg_notify(%(channel)s, course_id) FROM unnest(%(course_ids)s::text[]) AS course_id
