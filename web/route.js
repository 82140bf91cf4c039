/** Which view the address names: the learner's own page, the courses or one of them, or the operators'. */

import { signal } from "@preact/signals";

const OPERATIONS = /^#\/operations(?:\?.*)?$/;
const COURSES = /^#\/courses(?:\/([^?]*))?(?:\?(.*))?$/;

export const route = signal(named());
addEventListener("hashchange", () => { route.value = named(); });

/** Any other fragment is a place on the learner's page. @returns {Route} */
function named() {
  if (OPERATIONS.test(location.hash)) return { view: "operator", course: null, asked: {} };
  const found = COURSES.exec(location.hash);
  if (!found) return { view: "learner", course: null, asked: {} };
  return { view: "instructor", course: decoded(found[1] ?? "") || null, asked: Object.fromEntries(new URLSearchParams(found[2])) };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: it is no course's id then, and is said not to be there
  }
}
