-- What of the learners who are watched is newer than what their streams know.

-- name: versions
-- All that an answer of the page may show of a learner's own rows: the state, and the alerts.
SELECT learner.user_id, learner.steps, coalesce(said.changes, 0)
FROM learner
LEFT JOIN LATERAL (
    SELECT sum(revision) + count(acknowledged_at) + sum(coalesce(feedback_at, 0)) AS changes
    FROM alert WHERE alert.user_id = learner.user_id
) AS said ON true
WHERE learner.user_id = ANY(%(user_ids)s)
