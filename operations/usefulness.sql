-- What `learnstream alerts` asks Postgres.

-- name: usefulness
-- By rule; times to resolve are those of alerts that were cleared, in seconds.
SELECT
    convert_from(body, 'UTF8')::jsonb ->> 'category' AS rule,
    count(*) AS alerts,
    count(*) FILTER (WHERE state = 'suppressed') AS suppressed,
    count(acknowledged_at) AS acknowledged,
    count(*) FILTER (WHERE feedback = 'useful') AS useful,
    count(*) FILTER (WHERE feedback = 'acted') AS acted,
    count(*) FILTER (WHERE feedback = 'not_useful') AS not_useful,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY resolved_at - raised_at)
        FILTER (WHERE resolution = 'cleared') AS resolved_after
FROM alert
GROUP BY rule
ORDER BY rule

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
