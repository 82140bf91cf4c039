-- What instructors read of a course: each answer is one statement, and so one moment. `at` is what
-- time it is: the wall's, or under the stream's clock that of the partition that is furthest behind.

-- name: moment
WITH moment AS MATERIALIZED (
    SELECT
        min(clock) FILTER (WHERE clock > 0) AS as_of,
        CASE WHEN %(stream)s
            THEN coalesce(min(clock) FILTER (WHERE clock > 0), %(now)s)
            ELSE %(now)s
        END AS at
    FROM partition_record
)

-- name: every_course
-- The next courses after one, of all: each is found by one step of the index.
, page AS MATERIALIZED (
    WITH RECURSIVE taught AS (
        (SELECT course_id FROM learner_course WHERE course_id > %(after)s ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.course_id FROM learner_course AS next
            WHERE next.course_id > taught.course_id ORDER BY 1 LIMIT 1
        )
        FROM taught WHERE taught.course_id IS NOT NULL
    )
    SELECT course_id FROM (
        (SELECT course_id FROM taught WHERE course_id IS NOT NULL LIMIT %(limit)s)
        UNION
        (
            SELECT DISTINCT course_id FROM course_facts
            WHERE course_id > %(after)s ORDER BY 1 LIMIT %(limit)s
        )
    ) AS known
    ORDER BY 1 LIMIT %(limit)s
)

-- name: named_courses
-- The next courses after one, of those that a token names and that there are.
, page AS MATERIALIZED (
    SELECT course_id FROM (SELECT DISTINCT unnest(%(course_ids)s::text[]) AS course_id) AS named
    WHERE course_id > %(after)s AND (
        EXISTS (SELECT FROM learner_course WHERE learner_course.course_id = named.course_id)
        OR EXISTS (SELECT FROM course_facts WHERE course_facts.course_id = named.course_id)
    )
    ORDER BY 1 LIMIT %(limit)s
)

-- name: courses
SELECT moment.at, moment.as_of, page.course_id, facts.facts, counts.learners, counts.with_attention
FROM moment
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT facts FROM course_facts
    WHERE course_facts.course_id = page.course_id ORDER BY partition LIMIT 1
) AS facts ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) AS learners,
        count(*) FILTER (WHERE attention > 0 AND attention_until > moment.at) AS with_attention
    FROM learner_course WHERE learner_course.course_id = page.course_id
) AS counts ON true
ORDER BY page.course_id

-- name: course
SELECT
    moment.at, moment.as_of, facts.facts, counts.*, categories.categories, settled.settled,
    reached.percents, reached.reached
FROM moment
LEFT JOIN LATERAL (
    SELECT facts FROM course_facts WHERE course_id = %(course_id)s ORDER BY partition LIMIT 1
) AS facts ON true
CROSS JOIN LATERAL (
    SELECT
        count(*) AS learners,
        count(*) FILTER (WHERE attention > 0 AND attention_until > moment.at) AS with_attention,
        count(*) FILTER (WHERE attention = 3 AND attention_until > moment.at) AS with_high,
        count(*) FILTER (WHERE last_work_day <= moment.at / 86400 + 719163 - 7) AS silent,
        count(*) FILTER (WHERE helped_at > moment.at - %(again_after)s) AS helped,
        count(*) FILTER (WHERE contact_place < 1000) AS missing_likely,
        count(*) FILTER (WHERE not_passing >= %(failing_likely)s) AS failing_likely,
        percentile_cont(ARRAY[.25, .5, .75]) WITHIN GROUP (ORDER BY progress) AS progress,
        percentile_cont(ARRAY[.25, .5, .75]) WITHIN GROUP (ORDER BY average_score) AS score,
        count(progress) AS with_progress,
        count(average_score) AS with_score
    FROM learner_course WHERE course_id = %(course_id)s
) AS counts
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(category, learners) AS categories FROM (
        SELECT category, count(*) AS learners
        FROM learner_course CROSS JOIN LATERAL unnest(categories) AS category
        WHERE course_id = %(course_id)s AND attention > 0 AND attention_until > moment.at
        GROUP BY category
    ) AS each
) AS categories
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(short, learners) AS settled FROM (
        SELECT short, count(*) AS learners
        FROM learner_course CROSS JOIN LATERAL unnest(settled) AS short
        WHERE course_id = %(course_id)s
        GROUP BY short
    ) AS each
) AS settled
CROSS JOIN LATERAL (
    SELECT array_agg(percent) AS percents, array_agg(learners) AS reached FROM (
        SELECT progress AS percent, count(*) AS learners
        FROM learner_course WHERE course_id = %(course_id)s AND progress IS NOT NULL
        GROUP BY progress
    ) AS each
) AS reached

-- name: listed
-- What a list is held to, whatever its order. An alert that has expired is none, whatever its row says.
, listed AS NOT MATERIALIZED (
    SELECT
        *,
        contact_place BETWEEN 1997 AND 1999
            AND attention_until <= (SELECT at FROM moment) AS is_over,
        helped_at IS NOT NULL
            AND helped_at > (SELECT at FROM moment) - %(again_after)s AS is_helped
    FROM learner_course
    WHERE course_id = %(course_id)s
      AND (
          %(category)s::text IS NULL
          OR (%(category)s = ANY(categories) AND attention_until > (SELECT at FROM moment))
      )
      AND (
          %(severities)s::smallint[] IS NULL
          OR (attention = ANY(%(severities)s) AND attention_until > (SELECT at FROM moment))
      )
      AND (
          %(quiet_days)s::integer IS NULL
          OR last_work_day <= (SELECT at FROM moment) / 86400 + 719163 - %(quiet_days)s
      )
      AND (%(score_max)s::double precision IS NULL OR average_score <= %(score_max)s)
      AND (%(progress_max)s::double precision IS NULL OR progress <= %(progress_max)s)
      AND (
          %(progress_below)s::double precision IS NULL
          OR progress < %(progress_below)s - 1e-9 -- as domain/exact.py
      )
      AND (%(not_submitted)s::bigint IS NULL OR %(not_submitted)s <> ALL(settled))
)

-- name: contact
-- Three parts, each by an index of its own: who is likely to need help, the others by silence, and
-- who was helped lately. A part is looked at only where those before it do not fill the page.
, likely AS MATERIALIZED (
    SELECT 0 AS part, contact_place::bigint AS first, attention_since AS second, user_id
    FROM listed
    WHERE %(part)s::integer = 0 AND contact_place < 3000 AND NOT is_over AND NOT is_helped
      AND (contact_place, attention_since, user_id)
          > (%(first_0)s::bigint, %(second_0)s::bigint, %(user_0)s::text)
    ORDER BY contact_place, attention_since, user_id LIMIT %(limit)s
), others AS MATERIALIZED (
    SELECT 1 AS part, last_work_day::bigint AS first, 0::bigint AS second, user_id
    FROM listed
    WHERE %(part)s::integer <= 1 AND (SELECT count(*) FROM likely) < %(limit)s
      AND (contact_place = 3000 OR is_over) AND NOT is_helped
      AND (last_work_day, user_id) > (%(first_1)s::bigint, %(user_1)s::text)
    ORDER BY last_work_day, user_id LIMIT %(limit)s
), helped AS MATERIALIZED (
    SELECT 2 AS part, helped_at AS first, 0::bigint AS second, user_id
    FROM listed
    WHERE (SELECT count(*) FROM likely) + (SELECT count(*) FROM others) < %(limit)s
      AND is_helped AND helped_at IS NOT NULL
      AND (helped_at, user_id) > (%(first_2)s::bigint, %(user_2)s::text)
    ORDER BY helped_at, user_id LIMIT %(limit)s
), page AS MATERIALIZED (
    SELECT * FROM likely UNION ALL SELECT * FROM others UNION ALL SELECT * FROM helped
    ORDER BY part, first, second, user_id LIMIT %(limit)s
)

-- name: quiet
, page AS MATERIALIZED (
    SELECT 0 AS part, last_work_day::bigint AS first, 0::bigint AS second, user_id
    FROM listed
    WHERE (last_work_day, user_id) > (%(first_0)s::bigint, %(user_0)s::text)
    ORDER BY last_work_day, user_id LIMIT %(limit)s
)

-- name: progress
, page AS MATERIALIZED (
    SELECT 0 AS part, coalesce(progress, 1000) AS first, 0::bigint AS second, user_id
    FROM listed
    WHERE (coalesce(progress, 1000), user_id) > (%(first_0)s::double precision, %(user_0)s::text)
    ORDER BY coalesce(progress, 1000), user_id LIMIT %(limit)s
)

-- name: score
, page AS MATERIALIZED (
    SELECT 0 AS part, coalesce(average_score, 1000) AS first, 0::bigint AS second, user_id
    FROM listed
    WHERE (coalesce(average_score, 1000), user_id)
          > (%(first_0)s::double precision, %(user_0)s::text)
    ORDER BY coalesce(average_score, 1000), user_id LIMIT %(limit)s
)

-- name: learners
-- The rows of a page with what else is shown of them, in order.
SELECT
    moment.at, moment.as_of, known.is_known, page.part, page.first, page.second, learner_course.*,
    learner.first_day, learner.activities, alerts.*
FROM moment
CROSS JOIN LATERAL (
    SELECT
        EXISTS (SELECT FROM learner_course WHERE course_id = %(course_id)s)
        OR EXISTS (SELECT FROM course_facts WHERE course_id = %(course_id)s) AS is_known
) AS known
LEFT JOIN page ON true
LEFT JOIN learner_course
    ON learner_course.course_id = %(course_id)s AND learner_course.user_id = page.user_id
LEFT JOIN learner ON learner.user_id = page.user_id
LEFT JOIN LATERAL (
    SELECT
        array_agg(alert_id::text) AS alert_ids, array_agg(alert.severity) AS alert_severities,
        array_agg(alert.raised_at) AS alert_times, array_agg(alert.body) AS alert_bodies
    FROM alert
    WHERE alert_id = ANY(learner_course.alerts) AND alert.state = 'open'
      AND alert.expires_at > moment.at
) AS alerts ON true
ORDER BY page.part, page.first, page.second, page.user_id
