/** What next: at most three steps, each with its reason and where it can be done. */

import { html, Block } from "../parts.js";
import { apart, moment, t } from "../words.js";
import { dashboard, predictions } from "../store.js";
import { linkTo } from "../links.js";

const STEPS_MAX = 3;

export function Next() {
  const board = dashboard.value;
  const said = predictions.value;
  // Nothing is said before both are known, so that no step gives way to another before one's eyes.
  const waits = !said.body && !said.error;
  const answer = waits ? { body: null, error: board.error } : board;
  const steps = board.body ? [...recommended(said.body), ...due(board.body, said.body)].slice(0, STEPS_MAX) : [];
  return html`
    <${Block} id="next" size="wide short" answer=${answer} isEmpty=${steps.length === 0}>
      <ol class="steps">${steps.map((step, n) => html`<${Step} key=${step.key} id=${`why-${n}`} step=${step} body=${board.body} />`)}</ol>
    <//>`;
}

/** @param {{ step: ReturnType<typeof recommended>[0], body: Api["DashboardAnswer"], id: string }} props */
function Step({ step, body, id }) {
  return html`
    <li>
      <a href=${linkTo(step.target)} aria-describedby=${id}>${step.title}</a>
      <p id=${id}>${step.reason}</p>
      ${step.due_at && html`<p class="note">${t("ui.next.due", {
        at: moment(step.due_at, body.timezone), distance: apart(step.due_at, body.timestamp) })}</p>`}
    </li>`;
}

/** What the rules and models advise. @param {Api["PredictionsAnswer"] | null} body */
function recommended(body) {
  return (body?.learning_recommendations ?? []).map((each) => ({
    key: `${each.action.code} ${each.action.target.course_id} ${each.action.target.id}`,
    title: t(`action.${each.action.code}`, each.action.params, each.action.text),
    reason: t(each.reason.code, each.reason.params, each.reason.text),
    target: each.action.target,
    due_at: each.action.due_at,
  }));
}

/** What is due, where it is not advised already; the first one first. @param {Api["DashboardAnswer"]} board @param {Api["PredictionsAnswer"] | null} said */
function due(board, said) {
  const advised = new Set((said?.learning_recommendations ?? []).map((each) => each.action.target.id));
  return board.progress_summary.courses
    .flatMap(({ course_id, title, next_due: next }) => !next || advised.has(next.assessment_id) ? [] : [{
      key: `due ${course_id} ${next.assessment_id}`,
      title: next.title ?? next.assessment_id,
      reason: t("ui.next.in_course", { course: title ?? course_id ?? "" }),
      target: { kind: "assessment", id: next.assessment_id, course_id },
      due_at: next.due_at,
    }])
    .sort((one, other) => (one.due_at < other.due_at ? -1 : 1));
}
