/** Each course: what is done, against what its schedule expects by now, and when it is expected to be done. */

import { html, Block } from "../parts.js";
import { date, list, moment, percent, t } from "../words.js";
import { dashboard, predictions } from "../store.js";
import { anchor } from "../links.js";
import { Bar } from "../charts/bar.js";

export function Courses() {
  const answer = dashboard.value;
  const courses = answer.body?.progress_summary.courses ?? [];
  return html`
    <${Block} id="courses" answer=${answer} isEmpty=${courses.length === 0}>
      <ul class="plain cards">${courses.map((each) => html`
        <${Course} key=${each.course_id} course=${each} zone=${answer.body?.timezone} />`)}</ul>
    <//>`;
}

/** @param {{ course: Api["CourseProgress"], zone: string }} props */
function Course({ course, zone }) {
  const name = course.title ?? course.course_id;
  return html`
    <li id=${anchor(course.course_id)} tabindex="-1">
      <h3><bdi>${name}</bdi></h3>
      ${course.progress === null
        ? html`<p class="note">${t("ui.courses.unknown")}</p>`
        : html`<${Bar} value=${course.progress} mark=${course.expected_progress} /><p>${done(course.progress, course.expected_progress)}</p>`}
      ${course.course_status !== "active" && html`<p class="note">${t(`ui.courses.${course.course_status}`)}</p>`}
      ${course.next_due && html`<p class="note">${t("ui.courses.due", {
        name: course.next_due.title ?? course.next_due.assessment_id, at: moment(course.next_due.due_at, zone) })}</p>`}
      <${Ends} course=${course} />
    </li>`;
}

/** @param {number} progress @param {number | null} expected */
function done(progress, expected) {
  const known = { done: percent(progress) };
  return expected === null ? t("ui.courses.done", known) : t("ui.courses.done_of", { ...known, expected: percent(expected) });
}

/** When it is expected to be done, with its range. @param {{ course: Api["CourseProgress"] }} props */
function Ends({ course }) {
  const said = predictions.value.body?.completion_predictions.find((each) => each.course_id === course.course_id);
  const end = course.ends_on !== null && html`<p class="note">${t("ui.courses.ends", { date: date(course.ends_on) })}</p>`;
  if (!said || course.course_status !== "active") return end;
  return html`<p class="note">${pace(said)}</p>${end}`;
}

/** @param {Api["CompletionPrediction"]} said */
function pace(said) {
  if (said.status !== "ok" || said.expected_date === null) return t("ui.courses.pace_unknown", { missing: missing(said) });
  const expected = t("ui.courses.expected", { date: date(said.expected_date) });
  if (said.earliest_date === null || said.latest_date === null || said.latest_date === said.earliest_date) return expected;
  return `${expected} ${t("ui.courses.range", { from: date(said.earliest_date), to: date(said.latest_date) })}`;
}

/** @param {Api["CompletionPrediction"]} said */
const missing = (said) =>
  list(said.missing.map((each) => t(`ui.missing.${each.code}`, each)).filter(Boolean)) || t("ui.none");
