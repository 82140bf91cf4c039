-- An engagement level may count minutes only where some work had a time of day: how many activities
-- of each day of the row had one. A row that was written before has none until the learner's next
-- event; where it has seconds, its minutes are known all the same.
ALTER TABLE learner ADD COLUMN timed integer[] NOT NULL DEFAULT '{}';

-- The figures were computed by another formula: they are made again at the sink's next look.
-- `version` grows with every refresh, so that two of the same second differ; `as_of` is of the clock.
DELETE FROM cohort;
DELETE FROM cohort_refresh;
ALTER TABLE cohort_refresh RENAME COLUMN refreshed_at TO as_of;
ALTER TABLE cohort_refresh ADD COLUMN version bigint NOT NULL;
