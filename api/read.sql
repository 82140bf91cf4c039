-- One statement reads all that an answer is made of: a statement is a snapshot by itself. Every row
-- says its version (`xmin`, the transaction that wrote it), and what is long comes only where the
-- process does not hold that very version. `held_facts` are versions with course ids.

-- name: answer
SELECT *
FROM (VALUES (%(partition)s::integer)) AS asked (partition)
LEFT JOIN LATERAL (
    SELECT
        xmin::text AS learner_version, course_ids AS open_courses,
        CASE WHEN xmin::text <> %(learner_version)s THEN state END AS state
    FROM learner WHERE user_id = %(user_id)s
) AS learner ON true
LEFT JOIN LATERAL (
    SELECT
        xmin::text AS checkpoint_version, clock,
        CASE WHEN xmin::text <> %(checkpoint_version)s THEN record END AS record
    FROM partition_record WHERE partition_record.partition = asked.partition
) AS checkpoint ON true
LEFT JOIN (SELECT as_of, version FROM cohort_refresh) AS cohort_refresh ON true
CROSS JOIN LATERAL (
    SELECT
        count(*) AS alerts, sum(revision) AS revisions, max(updated_at) AS updated_at,
        sum(acknowledged_at) AS acknowledged, sum(feedback_at + length(feedback)) AS feedback
    FROM alert WHERE user_id = %(user_id)s
) AS newest
CROSS JOIN LATERAL (
    SELECT
        array_agg(course_id) AS facts_courses,
        array_agg(xmin::text) AS facts_versions,
        array_agg(
            CASE WHEN xmin::text || ' ' || course_id <> ALL(%(held_facts)s::text[]) THEN facts END
        ) AS facts
    FROM course_facts
    WHERE course_facts.partition = asked.partition
      AND course_id = ANY(%(course_ids)s::text[] || open_courses)
) AS facts
CROSS JOIN LATERAL (
    SELECT
        array_agg(course_id) AS cohort_courses,
        array_agg(
            ARRAY[active_days, minutes, activities, discussion, engagement_p70, engagement_p85]
        ) AS cohort_figures
    FROM cohort WHERE course_id = ANY(%(course_ids)s::text[] || open_courses)
) AS cohort

-- name: alerts
-- What performance-alerts reads in the same statement: it follows on `answer`.
CROSS JOIN LATERAL (
    SELECT CASE WHEN %(stream)s AND clock > 0 THEN clock ELSE %(now)s END AS now
) AS moment
CROSS JOIN LATERAL (
    SELECT
        array_agg(alert_id::text) AS current_alert_id, array_agg(revision) AS current_revision,
        array_agg(severity) AS current_severity, array_agg(state) AS current_state,
        array_agg(raised_at) AS current_raised_at, array_agg(updated_at) AS current_updated_at,
        array_agg(expires_at) AS current_expires_at, array_agg(resolved_at) AS current_resolved_at,
        array_agg(resolution) AS current_resolution, array_agg(body) AS current_body,
        array_agg(ARRAY[acknowledged_at::text, feedback, feedback_at::text]) AS current_said
    FROM (
        SELECT * FROM alert
        WHERE user_id = %(user_id)s AND state = 'open' AND expires_at > now
          AND type = ANY(%(types)s) AND severity = ANY(%(severities)s) AND raised_at >= %(since)s
        ORDER BY array_position(ARRAY['high', 'medium', 'low'], severity), raised_at DESC, alert_id
        LIMIT %(current_max)s
    ) AS page
) AS current
CROSS JOIN LATERAL (
    SELECT
        array_agg(alert_id::text) AS history_alert_id, array_agg(revision) AS history_revision,
        array_agg(severity) AS history_severity, array_agg(state) AS history_state,
        array_agg(raised_at) AS history_raised_at, array_agg(updated_at) AS history_updated_at,
        array_agg(expires_at) AS history_expires_at, array_agg(resolved_at) AS history_resolved_at,
        array_agg(resolution) AS history_resolution, array_agg(body) AS history_body,
        array_agg(ARRAY[acknowledged_at::text, feedback, feedback_at::text]) AS history_said
    FROM (
        SELECT * FROM alert
        WHERE user_id = %(user_id)s
          AND type = ANY(%(types)s) AND severity = ANY(%(severities)s) AND raised_at >= %(since)s
          AND (raised_at < %(before_at)s OR (raised_at = %(before_at)s AND alert_id > %(before_id)s))
        ORDER BY raised_at DESC, alert_id
        LIMIT %(history_max)s
    ) AS page
) AS history
CROSS JOIN LATERAL (
    SELECT
        array_agg(type) AS count_type, array_agg(severity) AS count_severity,
        array_agg(raised) AS count_raised, array_agg(suppressed) AS count_suppressed,
        array_agg(open) AS count_open
    FROM (
        SELECT
            type, severity,
            count(*) FILTER (WHERE recent AND state <> 'suppressed') AS raised,
            count(*) FILTER (WHERE recent AND state = 'suppressed') AS suppressed,
            count(*) FILTER (WHERE state = 'open' AND expires_at > now) AS open
        FROM (
            SELECT type, severity, state, expires_at, raised_at > now - %(week)s AS recent
            FROM alert WHERE user_id = %(user_id)s
        ) AS each
        GROUP BY type, severity
    ) AS counted
) AS counts
CROSS JOIN LATERAL (
    SELECT array_agg(alert_id::text) AS unseen FROM alert
    WHERE user_id = %(user_id)s AND state = 'open' AND expires_at > now AND acknowledged_at IS NULL
) AS unseen

-- name: alert
-- One alert, in the order of the fields of AlertRow.
SELECT
    alert_id::text, revision, severity, state, raised_at, updated_at, expires_at, resolved_at,
    resolution, body, ARRAY[acknowledged_at::text, feedback, feedback_at::text]
FROM alert WHERE alert_id = %(alert_id)s::uuid AND user_id = %(user_id)s

-- name: schema_version
SELECT max(version) FROM schema_version

-- name: records
SELECT record FROM partition_record ORDER BY partition

-- name: models
-- What predictive-analytics reads in the same statement: it follows on `answer`.
LEFT JOIN (
    SELECT number AS serving, newest AS newest_model, pinned, frozen FROM model_serving
) AS model_serving ON true

-- name: snapshots
-- A snapshot is never written again, so what is read of one stays true.
SELECT number, snapshot FROM model_snapshots WHERE number = ANY(%(numbers)s)

-- name: learned_until
SELECT number, learned_until FROM model_snapshots WHERE number = ANY(%(numbers)s)

-- name: serving
SELECT number, newest, pinned, frozen FROM model_serving
