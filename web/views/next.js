// @ts-check
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

/** @param {any} props */
function Step({ step, body, id }) {
  return html`
    <li>
      <a href=${linkTo(step.target)} aria-describedby=${id}>${step.title}</a>
      <p id=${id}>${step.reason}</p>
      ${step.due_at && html`<p class="note">${t("ui.next.due", {
        at: moment(step.due_at, body.timezone), distance: apart(step.due_at, body.timestamp) })}</p>`}
    </li>`;
}

/** What the rules and models advise. @param {any} body of the predictions, if there is one */
function recommended(body) {
  return (body?.learning_recommendations ?? []).map((/** @type {any} */ each) => ({
    key: `${each.action.code} ${each.action.target.course_id} ${each.action.target.id}`,
    title: t(`action.${each.action.code}`, each.action.params, each.action.text),
    reason: t(each.reason.code, each.reason.params, each.reason.text),
    target: each.action.target,
    due_at: each.action.due_at,
  }));
}

/** What is due, where it is not advised already; the first one first. @param {any} board @param {any} said */
function due(board, said) {
  const advised = new Set((said?.learning_recommendations ?? []).map((/** @type {any} */ each) => each.action.target.id));
  return board.progress_summary.courses
    .filter((/** @type {any} */ each) => each.next_due && !advised.has(each.next_due.assessment_id))
    .sort((/** @type {any} */ one, /** @type {any} */ other) => (one.next_due.due_at < other.next_due.due_at ? -1 : 1))
    .map((/** @type {any} */ each) => ({
      key: `due ${each.course_id} ${each.next_due.assessment_id}`,
      title: each.next_due.title ?? each.next_due.assessment_id,
      reason: t("ui.next.in_course", { course: each.title ?? each.course_id ?? "" }),
      target: { kind: "assessment", id: each.next_due.assessment_id, course_id: each.course_id },
      due_at: each.next_due.due_at,
    }));
}
