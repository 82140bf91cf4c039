/** The only place where an address is made of data: to the LMS, to a course on this page, to a view. */

import { session } from "./session.js";

/** The anchor of a course's place on the page. @param {string | null} courseId */
export const anchor = (courseId) => `course-${encodeURIComponent(courseId ?? "")}`;

/**
 * Where something that is to be worked on can be found; on this page where no LMS is set up.
 * @param {Api["ActionTarget"]} target
 */
export function linkTo(target) {
  const made = target.course_id === null ? null
    : filled(session.value?.lms_url, { course_id: target.course_id, kind: target.kind, id: target.id ?? "" });
  return made ?? (target.course_id === null ? "#courses" : `#${anchor(target.course_id)}`);
}

/** Where the LMS says who a learner is; null where no LMS is set up for that. @param {string} courseId @param {string} userId */
export const linkToLearner = (courseId, userId) =>
  filled(session.value?.learner_url, { course_id: courseId, user_id: userId });

/** The view of a course. @param {string} courseId @param {Asked} [asked] order and filters */
export function linkToCourse(courseId, asked = {}) {
  const query = new URLSearchParams(asked).toString();
  return `#/courses/${encodeURIComponent(courseId)}${query && `?${query}`}`;
}

/** A template with what it names, where that leads to the web; else null. @param {string | null | undefined} template @param {Record<string, string>} known */
function filled(template, known) {
  if (!template) return null;
  const made = template.replace(/\{(\w+)\}/g,
    (/** @type {string} */ _, /** @type {string} */ name) => encodeURIComponent(known[name] ?? ""));
  const address = URL.parse ? URL.parse(made) : new URL(made);
  return address && (address.protocol === "https:" || address.protocol === "http:") ? address.href : null;
}
