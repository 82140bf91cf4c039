-- What `learnstream alerts` asks Postgres beside the counts by rule (metrics/usefulness.sql).

-- name: suggested
-- By learner: the state, the time of its partition, and the alerts that suggest something, in order.
SELECT
    learner.state,
    partition_record.clock,
    jsonb_agg(jsonb_build_object(
        'rule', said.body ->> 'category',
        'action', said.body -> 'suggested_actions' -> 0 ->> 'code',
        'suppressed', alert.state = 'suppressed',
        'raised_at', alert.raised_at,
        'resolved_at', alert.resolved_at,
        'resolution', alert.resolution,
        'course_id', said.body ->> 'course_id',
        'subject', said.body -> 'subject' ->> 'id'
    ) ORDER BY alert.raised_at, alert.alert_id)::text AS suggested
FROM alert
JOIN learner USING (user_id)
JOIN partition_record USING (partition)
CROSS JOIN LATERAL (SELECT convert_from(alert.body, 'UTF8')::jsonb AS body) AS said
WHERE said.body -> 'suggested_actions' -> 0 IS NOT NULL
GROUP BY learner.user_id, partition_record.clock
