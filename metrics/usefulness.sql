-- What `learnstream alerts` and the operators' page ask of the alerts that stand in Postgres.

-- name: usefulness
-- By rule; times to resolve are those of alerts that were cleared, in seconds. What is open is so by
-- the partitions' time, as an alert that has expired is written no more. The rule is found by its
-- key: a body is our own JSON without blanks, and inside a text the quotes would be escaped. To parse
-- every body takes six times as long.
SELECT
    split_part(
        encode(substring(body FROM position('"category":"'::bytea IN body) + 12 FOR 64), 'escape'),
        '"', 1
    ) COLLATE "C" AS rule,
    count(*) AS alerts,
    count(*) FILTER (WHERE state = 'open' AND expires_at > now.clock) AS open,
    count(*) FILTER (WHERE state = 'suppressed') AS suppressed,
    count(acknowledged_at) AS acknowledged,
    count(*) FILTER (WHERE feedback = 'useful') AS useful,
    count(*) FILTER (WHERE feedback = 'acted') AS acted,
    count(*) FILTER (WHERE feedback = 'not_useful') AS not_useful,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY resolved_at - raised_at)
        FILTER (WHERE resolution = 'cleared') AS resolved_after
FROM alert CROSS JOIN (SELECT coalesce(max(clock), 0) AS clock FROM partition_record) AS now
GROUP BY rule
ORDER BY rule
