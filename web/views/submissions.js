/** Assignments: what is due, and of how many nothing has come; each holds the list to them. */

import { html, Block } from "../parts.js";
import { moment, number, t } from "../words.js";
import { Bar } from "../charts/bar.js";
import { hold } from "./glance.js";

const PAST_MAX = 5;
const COMING_MAX = 3;

/** @param {{ of: Course }} props */
export function Submissions({ of }) {
  const answer = of.overview.value;
  const all = answer.body?.assessments ?? [];
  const now = answer.body?.timestamp ?? "";
  const [first, rest] = inOrder(all, now);
  const items = (/** @type {typeof all} */ some) => html`
    <ul class="plain cards">${some.map((each) => html`<${Item} key=${each.assessment_id} of=${of} item=${each} now=${now} />`)}</ul>`;
  return html`
    <${Block} id="submissions" size="middle" answer=${answer} isEmpty=${all.length === 0}>
      ${items(first)}
      ${rest.length > 0 && html`<details><summary>${t("ui.submissions.rest", { count: rest.length })}</summary>${items(rest)}</details>`}
    <//>`;
}

/** What was due lately, then what is due next; and all the others. @param {Api["AssessmentCount"][]} all in order of due times @param {string} now */
function inOrder(all, now) {
  const past = all.filter((each) => each.due_at !== null && each.due_at <= now).reverse();
  const coming = all.filter((each) => each.due_at === null || each.due_at > now);
  return [
    [...past.slice(0, PAST_MAX), ...coming.slice(0, COMING_MAX)],
    [...coming.slice(COMING_MAX), ...past.slice(PAST_MAX)],
  ];
}

/** @param {{ of: Course, item: Api["AssessmentCount"], now: string }} props */
function Item({ of, item, now }) {
  const name = item.title ?? item.assessment_id;
  const held = of.asked.value.not_submitted === item.assessment_id;
  const learners = item.settled + item.open;
  const awaited = item.settled > 0 || (item.due_at !== null && item.due_at <= now);
  return html`
    <li>
      <h3><bdi>${name}</bdi></h3>
      <p class="note">${item.due_at === null ? t("ui.submissions.undated") : t("ui.submissions.due", { at: moment(item.due_at, of.reader.zone() ?? "UTC") })}
        ${item.heavy && html` · ${t("ui.submissions.heavy")}`}${!item.required && html` · ${t("ui.submissions.optional")}`}</p>
      ${learners > 0 && html`<${Bar} value=${(100 * item.settled) / learners} />
        <p>${t("ui.submissions.settled", { settled: number(item.settled), learners: number(learners) })}</p>`}
      ${item.open > 0 && awaited && html`<p class="buttons"><button type="button" class="quiet" aria-pressed=${held}
        onClick=${() => hold(of, held ? {} : { not_submitted: item.assessment_id })}>${t("ui.submissions.who", { count: item.open })}<span class="unseen"> ${name}</span></button></p>`}
    </li>`;
}
