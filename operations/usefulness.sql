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
