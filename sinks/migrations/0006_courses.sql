-- One learner in one open course: what lists of a course are made of. It follows from the learner's
-- state and the facts of the course that its partition adopted (domain/stored/course_rows.py), and
-- docs/decisions/0023 says what from. Probabilities are thousandths, scores and progress percent.
CREATE TABLE learner_course (
    course_id       text NOT NULL,
    user_id         text NOT NULL,
    partition       integer NOT NULL,
    entered_at      bigint NOT NULL,
    last_work_day   integer NOT NULL,
    next_missing    smallint,
    not_passing     smallint,
    attention       smallint NOT NULL,
    attention_since bigint NOT NULL,
    attention_until bigint NOT NULL,
    categories      text[] NOT NULL,
    alerts          uuid[] NOT NULL,
    contact_place   smallint NOT NULL,
    progress        double precision,
    average_score   double precision,
    score_count     smallint NOT NULL,
    scores          double precision[] NOT NULL,
    settled         bigint[] NOT NULL,
    helped_at       bigint,
    helped          text[] NOT NULL,
    PRIMARY KEY (course_id, user_id)
) WITH (fillfactor = 80);
CREATE INDEX learner_course_user ON learner_course (user_id);
-- The orders of a list, and who was helped; what is not known comes last.
CREATE INDEX learner_course_contact ON learner_course (course_id, contact_place, attention_since, user_id);
CREATE INDEX learner_course_quiet ON learner_course (course_id, last_work_day, user_id);
CREATE INDEX learner_course_progress ON learner_course (course_id, coalesce(progress, 1000), user_id);
CREATE INDEX learner_course_score ON learner_course (course_id, coalesce(average_score, 1000), user_id);
CREATE INDEX learner_course_helped ON learner_course (course_id, helped_at, user_id)
    WHERE helped_at IS NOT NULL;
-- The newest facts of a course, whichever partition adopted them.
CREATE INDEX course_facts_course ON course_facts (course_id, partition);

-- Partitions whose learners were written before: the sink makes the rows of their courses when it
-- takes them, since states are not SQL's to read.
CREATE TABLE unlisted (partition integer PRIMARY KEY);
INSERT INTO unlisted SELECT DISTINCT partition FROM learner;
