/** What the instructor's views know: the courses, and of one its figures, a page of its learners, an opened one. */

import { signal } from "@preact/signals";
import { JSON_TYPE, ask } from "./api.js";
import { noAnswer, oneAtATime, onLeave, read, refresh } from "./session.js";

const COURSES = "/api/v1/courses";
const COURSES_MAX = 100;
/** So many are contacted in a week, unless another number is asked for. */
export const A_WEEK = "5";
/** What a list of learners can be held to, as the API names it. */
export const FILTERS = ["category", "severity", "quiet_days_min", "score_max", "progress_below", "not_submitted"];
/** Help names the alerts that it was about, so many at most. */
const ALERTS_MAX = 4;

/** @type {Asking<Api["Courses"]>} */
export const taught = noAnswer();
/** The cursors of the pages of courses up to the one that is shown. */
export const taughtTrail = signal(/** @type {string[]} */ ([""]));
/** The course that is shown. */
export const course = signal(/** @type {Course | null} */ (null));

/** @type {Reader} */
const TAUGHT = {
  read: oneAtATime(readTaught),
  stream: null, // there are hints of one course, not of all
  opening: () => taught.value.body,
  zone: () => undefined,
  changed: "ui.taught.changed",
  figures: () => JSON.stringify(taught.value.body?.items ?? ""),
};

onLeave(() => {
  taught.value = { body: null, error: null };
  taughtTrail.value = [""];
  course.value = null;
});

/** How the view that is named is read; that of another course begins anew. @param {Route} route */
export function readerOf(route) {
  if (route.course === null) return TAUGHT;
  if (course.value?.id !== route.course) course.value = aCourse(route.course, route.asked);
  else hold(course.value, route.asked);
  return course.value.reader;
}

async function readTaught() {
  const cursor = taughtTrail.value.at(-1) ?? "";
  const query = new URLSearchParams({ limit: String(COURSES_MAX), ...(cursor && { cursor }) });
  await read(ask(`${COURSES}?${query}`), taught);
}

/** @param {string} id @param {Asked} asked order, filters, and how many @returns {Course} */
function aCourse(id, asked) {
  /** @type {Course} */
  const of = {
    id,
    path: `${COURSES}/${encodeURIComponent(id)}`,
    overview: noAnswer(),
    list: noAnswer(),
    waiting: signal(null),
    asked: signal(asked),
    trail: signal([""]),
    opened: signal(null),
    learner: noAnswer(),
    reader: {
      read: oneAtATime(() => Promise.all([read(ask(of.path), of.overview), readList(of), readLearner(of)])),
      stream: `${COURSES}/${encodeURIComponent(id)}/stream`,
      opening: () => of.overview.value.body ?? of.list.value.body,
      zone: () => of.overview.value.body?.timezone,
      changed: "ui.contact.changed",
      figures: () => figures(of),
    },
  };
  return of;
}

/** Hold the list to other filters, or another order. @param {Course} of @param {Asked} asked */
function hold(of, asked) {
  if (JSON.stringify(asked) === JSON.stringify(of.asked.value)) return;
  of.asked.value = asked;
  turn(of, [""]);
}

/** Show the page that these cursors lead to. @param {Course} of @param {string[]} trail */
export function turn(of, trail) {
  of.trail.value = trail;
  of.opened.value = null;
  of.waiting.value = null;
  of.list.value = { body: null, error: null };
}

/** Open a learner's row, or close the one that is open; then the list may be another. @param {Course} of @param {string} user */
export function toggle(of, user) {
  of.learner.value = { body: null, error: null };
  of.opened.value = of.opened.value === user ? null : user;
  if (of.opened.value !== null) return readLearner(of);
  return renew(of);
}

/** Show the list as it is now. @param {Course} of */
export function renew(of) {
  const waiting = of.waiting.value;
  of.opened.value = null;
  of.waiting.value = null;
  if (waiting) of.list.value = waiting;
  return refresh();
}

/** The address of a learner in the course. @param {Course} of @param {string} user */
const pathOf = (of, user) => /** @type {const} */ (`${of.path}/learners/${encodeURIComponent(user)}`);

/** Why an alert of a learner came. @param {Course} of @param {string} user @param {string} id of the alert */
export const readWhy = (of, user, id) => ask(`${pathOf(of, user)}/alerts/${encodeURIComponent(id)}/why`);

/**
 * Note that a learner was helped; the row says so at once, and stands where it stood until it is closed.
 * @param {Course} of @param {string} user @param {string} kind @param {string[]} alertIds
 */
export async function noteHelp(of, user, kind, alertIds) {
  const body = JSON.stringify({ kind, alert_ids: alertIds.slice(0, ALERTS_MAX) });
  const { help } = await ask(`${pathOf(of, user)}/help`, { method: "POST", headers: JSON_TYPE, body });
  const listed = of.list.value;
  if (listed.body) {
    const items = listed.body.items.map((each) => String(each.user_id) !== user ? each
      : { ...each, helped: { at: help.at, recently: true, kinds: [help.kind, ...(each.helped?.kinds ?? [])] } });
    of.list.value = { ...listed, body: { ...listed.body, items } };
  }
  await refresh();
}

/** @param {Course} of */
async function readList(of) {
  const query = queryOf(of);
  const found = signal(of.list.value);
  await read(ask(`${of.path}/learners?${query}`), found);
  if (query !== queryOf(of)) return; // something else is asked for now, and is read next
  const stands = of.opened.value !== null && of.list.value.body && found.value.body;
  if (!stands) of.list.value = found.value;
  of.waiting.value = stands && figuresOf(found.value.body) !== figuresOf(of.list.value.body) ? found.value : null;
}

/** @param {Course} of */
async function readLearner(of) {
  const user = of.opened.value;
  if (user === null) return;
  const found = signal(of.learner.value);
  await read(ask(pathOf(of, user)), found);
  if (user === of.opened.value) of.learner.value = found.value;
}

/** @param {Course} of */
function queryOf(of) {
  const asked = of.asked.value;
  const cursor = of.trail.value.at(-1) ?? "";
  const known = ["sort", ...FILTERS].filter((name) => name in asked).map((name) => [name, asked[name]]);
  return new URLSearchParams([...known, ["limit", asked.limit ?? A_WEEK], ...(cursor ? [["cursor", cursor]] : [])]).toString();
}

/** What is worth saying aloud where it changes. @param {Course} of */
function figures(of) {
  const body = of.overview.value.body;
  if (!body) return "";
  const { timestamp: _, freshness: __, degraded: ___, ...rest } = body;
  return JSON.stringify(rest) + figuresOf(of.list.value.body);
}

/** @param {Api["CourseLearners"] | null} body of a list */
const figuresOf = (body) => JSON.stringify(body?.items ?? "");
