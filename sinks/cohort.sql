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
-- The level is that of metrics/engagement.py (`compared_level`), which also hands over the weights,
-- default targets, days and half-life; punctuality is not known here. Of each of the 22 days before
-- today the level is of the seven days up to it. Minutes are not known where no work had a time of
-- day; where there was none in the week, the level is 0 with them or without. Discussion counts
-- where the course had a post. A null never reaches least(), which takes it for nothing in the way.
WITH weekly AS (
    SELECT
        learner.user_id, learner.partition, learner.course_ids, learner.began_day, week.*
    FROM learner
    CROSS JOIN LATERAL (
        SELECT
            day, activities, seconds, posts, timed,
            count(*) FILTER (WHERE activities > 0) OVER seven AS week_active_days,
            sum(seconds) OVER seven AS week_seconds,
            sum(activities) OVER seven AS week_activities,
            sum(posts) OVER seven AS week_discussion,
            sum(timed) OVER seven AS week_timed
        FROM (
            SELECT
                day,
                coalesce(learner.activities[day - learner.first_day + 1], 0) AS activities,
                coalesce(learner.seconds[day - learner.first_day + 1], 0) AS seconds,
                coalesce(learner.posts[day - learner.first_day + 1], 0) AS posts,
                coalesce(learner.timed[day - learner.first_day + 1], 0) AS timed
            FROM generate_series(%(today)s - %(cohort_days)s, %(today)s - 1) AS day
        ) AS daily
        WINDOW seven AS (ORDER BY day ROWS 6 PRECEDING)
    ) AS week
    WHERE learner.first_day + cardinality(learner.activities) > %(today)s - %(cohort_days)s
), active AS (
    SELECT
        user_id, course_ids,
        count(*) FILTER (WHERE activities > 0) / 4.0 AS active_days,
        CASE WHEN sum(timed) > 0 OR sum(seconds) > 0 THEN sum(seconds) / 240.0 END AS minutes,
        sum(activities) / 4.0 AS activities,
        sum(posts) / 4.0 AS discussion
    FROM weekly
    GROUP BY user_id, course_ids
    HAVING sum(activities) > 0
), usual AS (
    SELECT
        course_id,
        count(*) AS learners,
        nullif(percentile_cont(0.9) WITHIN GROUP (ORDER BY active_days), 0) AS active_days,
        nullif(percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes), 0) AS minutes,
        nullif(percentile_cont(0.9) WITHIN GROUP (ORDER BY activities), 0) AS activities,
        CASE WHEN sum(discussion) > 0 THEN coalesce(
            nullif(percentile_cont(0.9) WITHIN GROUP (ORDER BY discussion), 0),
            %(target_discussion)s
        ) END AS discussion
    FROM active CROSS JOIN LATERAL unnest(course_ids) AS open_course (course_id)
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
), measured AS (
    SELECT
        user_id, course_id, power(0.5, (%(today)s - 1 - day) / %(half_life_days)s) AS faded,
        week_active_days::double precision AS active_days,
        coalesce(asked.active_days, usual.active_days, %(target_active_days)s) AS active_days_target,
        CASE WHEN week_timed > 0 OR week_seconds > 0
            THEN round(week_seconds::double precision / 60) END AS minutes,
        coalesce(asked.minutes, usual.minutes, %(target_minutes)s) AS minutes_target,
        week_activities::double precision AS activities,
        coalesce(asked.activities, usual.activities, %(target_activities)s) AS activities_target,
        week_discussion::double precision AS discussion,
        coalesce(usual.discussion, 0) AS discussion_target
    FROM weekly
    JOIN active USING (user_id, course_ids)
    CROSS JOIN LATERAL unnest(weekly.course_ids) AS open_course (course_id)
    JOIN usual USING (course_id)
    LEFT JOIN asked USING (partition, course_id)
    WHERE day BETWEEN %(today)s - %(smoothed_days)s AND %(today)s - 1 AND day >= began_day
), leveled AS (
    SELECT
        measured.course_id,
        100 * sum(faded * coalesce(part.points / nullif(part.weight, 0), 0)) / sum(faded) AS level
    FROM measured
    CROSS JOIN LATERAL (
        SELECT
            sum(weight * least(1, value / target)) AS points, sum(weight) AS weight
        FROM (VALUES
            (%(weight_active_days)s::double precision, active_days, active_days_target),
            (%(weight_minutes)s, minutes, minutes_target),
            (%(weight_activities)s, activities, activities_target),
            (%(weight_discussion)s, discussion, discussion_target)
        ) AS component (weight, value, target)
        WHERE value IS NOT NULL AND target > 0
    ) AS part
    GROUP BY measured.course_id, measured.user_id
), spread AS (
    SELECT
        course_id,
        percentile_cont(0.7) WITHIN GROUP (ORDER BY level) AS engagement_p70,
        percentile_cont(0.85) WITHIN GROUP (ORDER BY level) AS engagement_p85
    FROM leveled
    GROUP BY course_id
)
INSERT INTO cohort (
    course_id, learners, active_days, minutes, activities, discussion,
    engagement_p70, engagement_p85
)
SELECT
    course_id, learners, usual.active_days, usual.minutes, usual.activities, usual.discussion,
    engagement_p70, engagement_p85
FROM usual JOIN spread USING (course_id)

-- name: note_refresh
INSERT INTO cohort_refresh (day, as_of, learners, version)
VALUES (%(today)s, %(as_of)s, %(learners)s, 1)
ON CONFLICT (only_row) DO UPDATE SET
    day = EXCLUDED.day, as_of = EXCLUDED.as_of, learners = EXCLUDED.learners,
    version = cohort_refresh.version + 1
