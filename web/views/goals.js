/** The learner's goals: how far each is reached, and how they are set and removed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { html, Block, errorText } from "../parts.js";
import { moment, t } from "../words.js";
import { codeOf, refresh } from "../session.js";
import { dashboard } from "../store.js";
import { removeGoal, setGoal } from "../api.js";
import { Bar } from "../charts/bar.js";
import { GoalForm, amount, canBeSet } from "./goal_form.js";

const MARKS = { achieved: "★", on_track: "●", behind: "◆", missed: "▲" };
const GOALS_MAX = 16;

export function Goals() {
  const answer = dashboard.value;
  const { body } = answer;
  const goals = body?.goals ?? [];
  const isFull = goals.length >= GOALS_MAX;
  const [isOpen, setOpen] = useState(false);
  /** What was done last, to which goal; whether it can be taken back; what went wrong. */
  const [said, setSaid] = useState(/** @type {{ done?: string, goal?: Goal, undo?: boolean, error?: string, waits?: boolean }} */ ({}));
  const opener = useRef(/** @type {HTMLElement | null} */ (null));
  const undo = useRef(/** @type {HTMLElement | null} */ (null));
  // What was pressed is gone then: the keyboard goes on from what can be done next.
  useEffect(() => { if (said.done && !said.waits && !said.error) (undo.current ?? opener.current)?.focus(); }, [said]);
  const act = async (/** @type {() => Promise<unknown>} */ what, /** @type {typeof said} */ then) => {
    if (said.waits) return;
    setSaid({ ...said, error: undefined, waits: true });
    try {
      await what();
      setSaid(then);
    } catch (problem) {
      setSaid({ ...(said.undo ? said : {}), error: codeOf(problem) });
    }
    await refresh();
  };
  const setAgain = (/** @type {Goal} */ goal) => act(() => setGoal(goal.goal_id, goal), { done: "set_again", goal });
  const add = (/** @type {Goal} */ goal) => act(() => setGoal(goal.goal_id, goal).then(() => setOpen(false)), { done: "set", goal });
  const remove = (/** @type {Goal} */ goal) => act(() => removeGoal(goal.goal_id), {
    done: "removed", goal, undo: body !== null && canBeSet(goal, body.timestamp) });
  const name = said.goal && body ? nameOf(said.goal, body) : "";
  // Each part has a key: what has the focus stays where it is when others come and go.
  return html`
    <${Block} id="goals" size="short" answer=${answer}>
      ${goals.length === 0
        ? html`<p key="none" class="note">${t("ui.goals.empty")}</p>`
        : html`<ul key="goals" class="plain cards">${goals.map((each) => html`
          <${Goal} key=${each.goal_id} goal=${each} body=${body} waits=${said.waits} remove=${remove} />`)}</ul>`}
      <p key="said" role="status">${said.done && t(`ui.goals.said_${said.done}`, { name })}</p>
      ${said.undo && html`<p key="undo" class="buttons"><button type="button" class="quiet" ref=${undo} aria-disabled=${Boolean(said.waits)}
        aria-label=${t("ui.goals.undo_of", { name })} onClick=${() => said.goal && setAgain(said.goal)}>${t("ui.goals.undo")}</button></p>`}
      ${said.error && html`<p key="error" role="alert">${said.error === "invalid_parameter" ? t("ui.goals.refused") : errorText(said.error)}</p>`}
      <p key="opener" class="buttons"><button type="button" class="quiet" ref=${opener} aria-expanded=${isOpen && !isFull} aria-disabled=${isFull}
        aria-describedby="goals-have" onClick=${() => setOpen(!isOpen && !isFull)}>${t("ui.goals.add")}</button>
        <span id="goals-have" class="note">${t(isFull ? "ui.goals.full" : "ui.goals.have", { have: goals.length, most: GOALS_MAX })}</span></p>
      ${isOpen && !isFull && html`<${GoalForm} key="form" body=${body} waits=${Boolean(said.waits)} send=${add} />`}
    <//>`;
}

/** @param {{ goal: Api["GoalProgress"], body: Api["DashboardAnswer"], waits: boolean, remove: (goal: Goal) => void }} props */
function Goal({ goal, body, waits, remove }) {
  const known = { current: amount(goal.current, goal.unit), target: amount(goal.target, goal.unit) };
  const mark = MARKS[/** @type {keyof typeof MARKS} */ (goal.status)];
  return html`
    <li>
      <h3>${titleOf(goal)}</h3>
      ${goal.course_id !== null && html`<p class="note"><bdi>${courseOf(goal, body)}</bdi></p>`}
      ${goal.progress !== null && html`<${Bar} value=${goal.progress} />`}
      <p>${goal.current === null ? t("ui.goals.no_figure", known) : t("ui.goals.reached", known)}
        ${" "}${mark && html`<span class="mark" aria-hidden="true">${mark}</span>`}${t(`ui.goals.${goal.status}`)}</p>
      ${goal.due_at && html`<p class="note">${t("ui.goals.until", { at: moment(goal.due_at, body.timezone) })}</p>`}
      <p class="buttons"><button type="button" class="quiet" aria-disabled=${Boolean(waits)}
        aria-label=${t("ui.goals.remove_of", { name: nameOf(goal, body) })} onClick=${() => remove(goal)}>${t("ui.goals.remove")}</button></p>
    </li>`;
}

/** @param {Goal} goal */
const titleOf = (goal) => t(`ui.goals.${goal.metric}`) || goal.metric;

/** @param {Goal} goal @param {Api["DashboardAnswer"]} body */
const courseOf = (goal, body) =>
  body.progress_summary.courses.find((each) => each.course_id === goal.course_id)?.title ?? goal.course_id;

/** What tells a goal from the others, in one line. @param {Goal} goal @param {Api["DashboardAnswer"]} body */
const nameOf = (goal, body) =>
  [titleOf(goal), amount(goal.target, goal.unit), courseOf(goal, body)].filter((each) => each !== null).join(", ");
