-- What one answer is made of; all of it in one repeatable-read transaction.

-- name: learner
SELECT steps, state FROM learner WHERE user_id = %(user_id)s

-- name: record
SELECT record FROM partition_record WHERE partition = %(partition)s

-- name: facts
SELECT course_id, facts FROM course_facts
WHERE partition = %(partition)s AND course_id = ANY(%(course_ids)s)
ORDER BY course_id

-- name: cohort_refresh
SELECT as_of, version FROM cohort_refresh

-- name: cohort
SELECT course_id, active_days, minutes, activities, discussion, engagement_p15, engagement_p85
FROM cohort WHERE course_id = ANY(%(course_ids)s)

-- name: newest_transition
SELECT count(*) AS alerts, sum(revision) AS revisions, max(updated_at) AS updated_at
FROM alert WHERE user_id = %(user_id)s

-- name: current_alerts
SELECT alert_id, revision, severity, state, raised_at, updated_at, expires_at, resolved_at,
    resolution, body
FROM alert
WHERE user_id = %(user_id)s AND state IN ('open', 'acknowledged') AND expires_at > %(now)s
  AND type = ANY(%(types)s) AND severity = ANY(%(severities)s) AND raised_at >= %(since)s
ORDER BY array_position(ARRAY['high', 'medium', 'low'], severity), raised_at DESC, alert_id
LIMIT %(limit)s

-- name: alert_history
SELECT alert_id, revision, severity, state, raised_at, updated_at, expires_at, resolved_at,
    resolution, body
FROM alert
WHERE user_id = %(user_id)s
  AND type = ANY(%(types)s) AND severity = ANY(%(severities)s) AND raised_at >= %(since)s
  AND (raised_at < %(before_at)s OR (raised_at = %(before_at)s AND alert_id > %(before_id)s))
ORDER BY raised_at DESC, alert_id
LIMIT %(limit)s

-- name: alert_counts
SELECT
    type, severity,
    count(*) FILTER (WHERE recent AND state <> 'suppressed') AS raised,
    count(*) FILTER (WHERE recent AND state = 'suppressed') AS suppressed,
    count(*) FILTER (WHERE state = 'open' AND expires_at > %(now)s) AS open
FROM (
    SELECT type, severity, state, expires_at, raised_at > %(week_ago)s AS recent
    FROM alert WHERE user_id = %(user_id)s
) AS alert
GROUP BY type, severity

-- name: schema_version
SELECT max(version) FROM schema_version

-- name: records
SELECT record FROM partition_record ORDER BY partition
