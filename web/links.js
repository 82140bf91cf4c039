// @ts-check
/** The only place where an address is made of data: to the LMS, or to a course on this page. */

import { session } from "./store.js";

/** The anchor of a course's place on the page. @param {string | null} courseId */
export const anchor = (courseId) => `course-${encodeURIComponent(courseId ?? "")}`;

/**
 * Where something that is to be worked on can be found; on this page where no LMS is set up.
 * @param {{ kind: string, id: string | null, course_id: string | null }} target
 */
export function linkTo(target) {
  const template = session.value?.lms_url;
  if (template && target.course_id !== null) {
    /** @type {Record<string, string>} */
    const known = { course_id: target.course_id, kind: target.kind, id: target.id ?? "" };
    const made = template.replace(/\{(course_id|kind|id)\}/g,
      (/** @type {string} */ _, /** @type {string} */ name) => encodeURIComponent(known[name]));
    const address = URL.parse ? URL.parse(made) : new URL(made);
    if (address && (address.protocol === "https:" || address.protocol === "http:")) return address.href;
  }
  return target.course_id === null ? "#courses" : `#${anchor(target.course_id)}`;
}
