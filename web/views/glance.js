/** A course at a glance: four numbers, of which each holds the list below to whom it counts. */

import { html, Block } from "../parts.js";
import { number, percent, t } from "../words.js";
import { linkToCourse } from "../links.js";
import { FILTERS } from "../teaching.js";
import { runs } from "./course_parts.js";

const ANY_SEVERITY = "low,medium,high";
const SILENT_DAYS = "7";

/** @param {{ of: Course }} props */
export function Glance({ of }) {
  const answer = of.overview.value;
  const body = answer.body;
  return html`
    <${Block} id="glance" size="wide short" answer=${answer} isEmpty=${body?.learners === 0}>
      ${body && html`
        <p class="note">${runs(body)}</p>
        <ul class="plain tiles">${numbers(body).map((each) => html`<${Count} key=${each.code} of=${of} each=${each} />`)}</ul>
        <p>${t("ui.glance.missing_likely", { count: body.missing_likely })} ${t("ui.glance.not_passing_likely", { count: body.not_passing_likely })}
          ${" "}${t("ui.glance.helped", { count: body.helped_28_days })}</p>`}
    <//>`;
}

/** @param {Api["CourseOverview"]} body @returns {{ code: string, value: number | null, asked: Asked, note?: string }[]} */
function numbers(body) {
  return [
    { code: "learners", value: body.learners, asked: {} },
    { code: "attention", value: body.with_attention, asked: { severity: ANY_SEVERITY },
      note: t("ui.glance.high", { count: body.with_high_attention }) },
    { code: "silent", value: body.silent_7_days, asked: { quiet_days_min: SILENT_DAYS } },
    { code: "behind", value: body.behind, asked: { progress_below: String(body.behind_below) },
      note: body.behind_below === null ? t("ui.glance.nothing_expected") : t("ui.glance.below", { percent: percent(body.behind_below) }) },
  ];
}

/** @param {{ of: Course, each: ReturnType<typeof numbers>[0] }} props */
function Count({ of, each }) {
  const held = Object.fromEntries(FILTERS.filter((name) => name in of.asked.value).map((name) => [name, of.asked.value[name]]));
  const pressed = JSON.stringify(held) === JSON.stringify(each.asked);
  const inside = html`
    <span class="figure">${each.value === null ? t("ui.none") : number(each.value)}</span>
    <span>${t(`ui.glance.${each.code}`)}</span>
    ${each.note && html`<span class="small">${each.note}</span>`}`;
  if (each.value === null) return html`<li class="tile">${inside}</li>`;
  return html`
    <li><button type="button" class="quiet tile" aria-pressed=${pressed} onClick=${() => hold(of, pressed ? {} : each.asked)}>${inside}</button></li>`;
}

/** Hold the list to these, in the order that it has. @param {Course} of @param {Asked} filters */
export function hold(of, filters) {
  const { sort, limit } = of.asked.value;
  location.hash = linkToCourse(of.id, { ...(sort && { sort }), ...(limit && { limit }), ...filters });
}
