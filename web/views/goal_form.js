/** The form of a new goal: what, how much, in which course, until when. */

import { useRef, useState } from "preact/hooks";
import { html } from "../parts.js";
import { number, percent, t } from "../words.js";

/** Of each metric its unit, the most that can be wanted, and whether it can be of one course. */
const METRICS = {
  weekly_minutes: { unit: "minutes", most: 10080, ofCourse: false },
  weekly_activities: { unit: "activities", most: 1000, ofCourse: false },
  average_score: { unit: "percent", most: 100, ofCourse: true },
  streak_days: { unit: "days", most: 1000, ofCourse: false },
  course_progress: { unit: "percent", most: 100, ofCourse: true },
};
const OPEN = ["not_started", "active"];

/**
 * `send` is given the goal with an id that stays the same when it is sent again.
 * @param {{ body: Api["DashboardAnswer"], waits: boolean, send: (goal: Goal) => void }} props
 */
export function GoalForm({ body, waits, send }) {
  const id = useRef(crypto.randomUUID());
  const [metric, setMetric] = useState(/** @type {keyof typeof METRICS} */ ("weekly_minutes"));
  const [wrong, setWrong] = useState(/** @type {string | null} */ (null));
  const { unit, most, ofCourse } = METRICS[metric];
  const limit = { most: amount(most, unit) };
  const courses = body.progress_summary.courses.filter((each) => OPEN.includes(each.course_status));
  const submit = (/** @type {GoalSent} */ event) => {
    event.preventDefault();
    const { target, last_day, course } = event.target.elements;
    const field = [target, last_day].find((each) => !each.validity.valid);
    setWrong(field?.name ?? null);
    if (field) field.focus();
    else send({
      goal_id: id.current, metric, unit, target: target.valueAsNumber, course_id: course?.value || null,
      due_at: last_day.value === "" ? null : endOf(last_day.value, body.timezone),
    });
  };
  return html`
    <form novalidate onSubmit=${submit}>
      <label>${t("ui.goals.metric")}
        <select onChange=${(/** @type {{ target: { value: keyof typeof METRICS } }} */ event) => { setMetric(event.target.value); setWrong(null); }}>
          ${Object.keys(METRICS).map((each) => html`
            <option key=${each} value=${each} selected=${each === metric}>${t(`ui.goals.${each}`)}</option>`)}</select></label>
      <label>${t("ui.goals.amount", limit)}
        <input type="number" name="target" min="1" max=${most} step="1" inputmode="numeric" required
          aria-invalid=${wrong === "target"} /></label>
      ${ofCourse && html`<label>${t("ui.goals.course")}
        <select name="course"><option value="">${t("ui.goals.every_course")}</option>
          ${courses.map((each) => html`
            <option key=${each.course_id} value=${each.course_id}>${each.title ?? each.course_id}</option>`)}</select></label>`}
      <label>${t("ui.goals.last_day")}
        <input type="date" name="last_day" min=${local(body.timestamp, body.timezone).slice(0, 10)} max="8999-12-30"
          aria-invalid=${wrong === "last_day"} /></label>
      <p class="buttons"><button type="submit" aria-disabled=${waits}>${t("ui.goals.set")}</button></p>
      ${wrong && html`<p role="alert">${t(wrong === "target" ? "ui.goals.wrong_amount" : "ui.goals.wrong_last_day", limit)}</p>`}
    </form>`;
}

/** Whether the API would take this goal: other systems may have set one that it would not. @param {Goal} goal @param {string} now */
export const canBeSet = (goal, now) =>
  goal.target >= 1 && goal.target <= METRICS[/** @type {keyof typeof METRICS} */ (goal.metric)]?.most &&
  (goal.due_at === null || goal.due_at > now);

/** @param {number | null} value @param {string} unit */
export function amount(value, unit) {
  if (value === null) return t("ui.none");
  if (unit === "percent") return percent(value);
  return t(`ui.goals.in_${unit}`, { count: Math.round(value) }) || number(value);
}

/** The last second of a day in the learner's zone, as an instant. @param {string} day @param {string} zone */
function endOf(day, zone) {
  const wanted = Date.parse(`${day}T23:59:59Z`);
  let at = wanted;
  // Once more, where the clocks change between the first guess and the end of the day.
  for (let times = 0; times < 2; times += 1) at += wanted - Date.parse(`${local(at, zone).replace(" ", "T")}Z`);
  return new Date(at).toISOString();
}

/** What the clocks of a zone show, as YYYY-MM-DD HH:MM:SS, which is how it is written in Sweden. @param {string | number} at @param {string} zone */
const local = (at, zone) => new Date(at).toLocaleString("sv-SE", { timeZone: zone });
