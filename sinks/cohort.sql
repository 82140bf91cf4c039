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
WITH weekly AS (
    SELECT
        learner.course_ids,
        count(*) FILTER (WHERE daily.activities > 0) / 4.0 AS active_days,
        sum(daily.seconds) / 240.0 AS minutes,
        sum(daily.activities) / 4.0 AS activities,
        sum(daily.posts) / 4.0 AS discussion
    FROM learner
    CROSS JOIN LATERAL unnest(learner.activities, learner.seconds, learner.posts)
        WITH ORDINALITY AS daily (activities, seconds, posts, place)
    WHERE learner.first_day + daily.place - 1 BETWEEN %(today)s - 28 AND %(today)s - 1
      AND learner.first_day + 27 >= %(today)s - 28
    GROUP BY learner.user_id
    HAVING sum(daily.activities) > 0
), member AS (
    SELECT course_id, active_days, minutes, activities, discussion
    FROM weekly CROSS JOIN LATERAL unnest(course_ids) AS open_course (course_id)
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
), leveled AS (
    -- Weights and default targets as in the definition of the engagement level. Punctuality is not
    -- known here and left out, and so are minutes where the source has no time of day.
    SELECT
        member.course_id,
        (30 * least(1, member.active_days / coalesce(usual.active_days, 4))
         + coalesce(25 * least(1, member.minutes / usual.minutes), 0)
         + 20 * least(1, member.activities / coalesce(usual.activities, 30))
         + 10 * least(1, member.discussion / coalesce(usual.discussion, 2)))
        / CASE WHEN usual.minutes IS NULL THEN 0.60 ELSE 0.85 END AS level
    FROM member JOIN usual USING (course_id)
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
    course_id, learners, active_days, minutes, activities, discussion,
    engagement_p15, engagement_p85
FROM usual JOIN spread USING (course_id)

-- name: sum_errors
INSERT INTO model_error_daily (day, error_count, error_absolute_sum)
SELECT %(today)s, coalesce(sum(error_count), 0), coalesce(sum(error_absolute_sum), 0)
FROM learner
ON CONFLICT (day) DO UPDATE SET
    error_count = EXCLUDED.error_count,
    error_absolute_sum = EXCLUDED.error_absolute_sum

-- name: note_refresh
INSERT INTO cohort_refresh (day, refreshed_at, learners)
VALUES (%(today)s, %(now)s, %(learners)s)
ON CONFLICT (only_row) DO UPDATE SET
    day = EXCLUDED.day, refreshed_at = EXCLUDED.refreshed_at, learners = EXCLUDED.learners
