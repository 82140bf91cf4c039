-- The engagement level is smoothed over the days since the learner's first one; a row that was written
-- before has none until the learner's next event, and counts as of long ago.
ALTER TABLE learner ADD COLUMN began_day integer NOT NULL DEFAULT 0;

-- The figures were computed by another formula: they are made again at the sink's next look. Who is
-- highly engaged comes to the 85th percentile, and stays to the 70th.
DELETE FROM cohort;
DELETE FROM cohort_refresh;
ALTER TABLE cohort RENAME COLUMN engagement_p15 TO engagement_p70;
