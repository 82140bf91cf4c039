// @ts-check
/** The learner's goals, and how far each is reached. */

import { html, Block } from "../parts.js";
import { moment, number, percent, t } from "../words.js";
import { dashboard } from "../store.js";
import { Bar } from "../charts/bar.js";

const MARKS = { achieved: "★", on_track: "●", behind: "◆", missed: "▲" };

export function Goals() {
  const answer = dashboard.value;
  const goals = answer.body?.goals ?? [];
  return html`
    <${Block} id="goals" size="short" answer=${answer} isEmpty=${goals.length === 0}>
      <ul class="plain cards">${goals.map((/** @type {any} */ each) => html`
        <${Goal} key=${each.goal_id} goal=${each} body=${answer.body} />`)}</ul>
    <//>`;
}

/** @param {any} props */
function Goal({ goal, body }) {
  const course = body.progress_summary.courses.find((/** @type {any} */ each) => each.course_id === goal.course_id);
  const known = { current: amount(goal.current, goal.unit), target: amount(goal.target, goal.unit) };
  const mark = MARKS[/** @type {keyof typeof MARKS} */ (goal.status)];
  return html`
    <li>
      <h3>${t(`ui.goals.${goal.metric}`) || goal.metric}</h3>
      ${goal.course_id !== null && html`<p class="note"><bdi>${course?.title ?? goal.course_id}</bdi></p>`}
      ${goal.progress !== null && html`<${Bar} value=${goal.progress} />`}
      <p>${goal.current === null ? t("ui.goals.no_figure", known) : t("ui.goals.reached", known)}
        ${" "}${mark && html`<span class="mark" aria-hidden="true">${mark}</span>`}${t(`ui.goals.${goal.status}`)}</p>
      ${goal.due_at && html`<p class="note">${t("ui.goals.until", { at: moment(goal.due_at, body.timezone) })}</p>`}
    </li>`;
}

/** @param {number | null} value @param {string} unit */
function amount(value, unit) {
  if (value === null) return t("ui.none");
  if (unit === "percent") return percent(value);
  return t(`ui.goals.in_${unit}`, { count: Math.round(value) }) || number(value);
}
