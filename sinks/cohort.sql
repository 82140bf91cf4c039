-- Figures over many learners, once a day of the clock. Days are ordinals; `today` is excluded from
-- the 28 days, because it is not over.

-- name: try_lock
SELECT pg_try_advisory_xact_lock(%(key)s)

-- name: stream_clock
SELECT min(clock) FROM partition_record WHERE clock > 0

-- name: refreshed
SELECT day, learners FROM cohort_refresh

-- name: learners
SELECT count(*) FROM learner

-- name: clear_cohort
DELETE FROM cohort

-- name: fill_cohort
-- The level is that of metrics/engagement.py (`compared_level`), which also hands over the
-- weights and default targets; punctuality is not known here. Minutes are not known where no work
-- had a time of day; where there was none in the week, the level is 0 with them or without.
-- A null never reaches least(), which takes it for nothing in the way.
WITH daily AS (
    SELECT
        learner.user_id, learner.partition, learner.course_ids,
        day.activities, day.seconds, day.posts, coalesce(day.timed, 0) AS timed,
        learner.first_day + day.place - 1 >= %(today)s - 7 AS this_week
    FROM learner
    CROSS JOIN LATERAL unnest(
        learner.activities, learner.seconds, learner.posts, learner.timed
    ) WITH ORDINALITY AS day (activities, seconds, posts, timed, place)
    WHERE learner.first_day + day.place - 1 BETWEEN %(today)s - 28 AND %(today)s - 1
), active AS (
    SELECT
        user_id, partition, course_ids,
        count(*) FILTER (WHERE activities > 0) / 4.0 AS active_days,
        CASE WHEN sum(timed) > 0 OR sum(seconds) > 0 THEN sum(seconds) / 240.0 END AS minutes,
        sum(activities) / 4.0 AS activities,
        sum(posts) / 4.0 AS discussion,
        count(*) FILTER (WHERE this_week AND activities > 0) AS week_active_days,
        coalesce(sum(seconds) FILTER (WHERE this_week), 0) AS week_seconds,
        coalesce(sum(activities) FILTER (WHERE this_week), 0) AS week_activities,
        coalesce(sum(posts) FILTER (WHERE this_week), 0) AS week_discussion,
        coalesce(sum(timed) FILTER (WHERE this_week), 0) AS week_timed
    FROM daily
    GROUP BY user_id, partition, course_ids
    HAVING sum(activities) > 0
), member AS (
    SELECT
        active.*, course_id,
        CASE WHEN week_timed > 0 OR week_seconds > 0
            THEN round(week_seconds::double precision / 60) END AS week_minutes
    FROM active CROSS JOIN LATERAL unnest(course_ids) AS open_course (course_id)
), usual AS (
    SELECT
        course_id,
        count(*) AS learners,
        nullif(percentile_cont(0.75) WITHIN GROUP (ORDER BY active_days), 0) AS active_days,
        nullif(percentile_cont(0.75) WITHIN GROUP (ORDER BY minutes), 0) AS minutes,
        nullif(percentile_cont(0.75) WITHIN GROUP (ORDER BY activities), 0) AS activities,
        nullif(percentile_cont(0.75) WITHIN GROUP (ORDER BY discussion), 0) AS discussion
    FROM member
    GROUP BY course_id
    HAVING count(*) >= %(learners_min)s
), asked AS MATERIALIZED (
    SELECT
        partition, course_id,
        (targets ->> 'active_days')::double precision AS active_days,
        (targets ->> 'minutes')::double precision AS minutes,
        (targets ->> 'activities')::double precision AS activities
    FROM course_facts
    JOIN usual USING (course_id)
    CROSS JOIN LATERAL (
        SELECT convert_from(facts, 'UTF8')::json -> 'weekly_targets' AS targets
    ) AS facts_as_json
), leveled AS (
    SELECT
        course_id,
        100 * sum(part.weight * least(1, part.value / part.target)) / sum(part.weight) AS level
    FROM member
    JOIN usual USING (course_id)
    LEFT JOIN asked USING (partition, course_id)
    CROSS JOIN LATERAL (VALUES
        (
            %(weight_active_days)s::double precision,
            member.week_active_days::double precision,
            coalesce(asked.active_days, usual.active_days, %(target_active_days)s)
        ),
        (
            %(weight_minutes)s,
            member.week_minutes,
            coalesce(asked.minutes, usual.minutes, %(target_minutes)s)
        ),
        (
            %(weight_activities)s,
            member.week_activities,
            coalesce(asked.activities, usual.activities, %(target_activities)s)
        ),
        (
            %(weight_discussion)s,
            member.week_discussion,
            coalesce(usual.discussion, %(target_discussion)s)
        )
    ) AS part (weight, value, target)
    WHERE part.value IS NOT NULL AND part.target > 0
    GROUP BY course_id, user_id
), spread AS (
    SELECT
        course_id,
        percentile_cont(0.15) WITHIN GROUP (ORDER BY level) AS engagement_p15,
        percentile_cont(0.85) WITHIN GROUP (ORDER BY level) AS engagement_p85
    FROM leveled
    GROUP BY course_id
)
INSERT INTO cohort (
    course_id, learners, active_days, minutes, activities, discussion,
    engagement_p15, engagement_p85
)
SELECT
    course_id, learners, usual.active_days, usual.minutes, usual.activities, usual.discussion,
    engagement_p15, engagement_p85
FROM usual JOIN spread USING (course_id)

-- name: note_refresh
INSERT INTO cohort_refresh (day, as_of, learners, version)
VALUES (%(today)s, %(as_of)s, %(learners)s, 1)
ON CONFLICT (only_row) DO UPDATE SET
    day = EXCLUDED.day, as_of = EXCLUDED.as_of, learners = EXCLUDED.learners,
    version = cohort_refresh.version + 1
