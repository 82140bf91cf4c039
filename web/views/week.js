/** This week, beside the learner's own week before: seven days against seven days. */

import { html, Block } from "../parts.js";
import { number, percent, t } from "../words.js";
import { dashboard } from "../store.js";

const SAID_MAX = 2;
const MARKS = { praise: "★", neutral: "◆", warning: "▲" };

export function Week() {
  const answer = dashboard.value;
  return html`<${Block} id="week" size="wide short" answer=${answer}>${answer.body && html`<${Tiles} body=${answer.body} />`}<//>`;
}

/** @param {{ body: Api["DashboardAnswer"] }} props */
function Tiles({ body }) {
  const { comparison, progress_summary: progress, realtime_metrics: now } = body;
  return html`
    <dl class="tiles">
      <${Tile} name=${t("ui.activities")} value=${number(comparison.activities.this_week)} note=${before(comparison.activities.last_week, number)} />
      <${Tile} name=${t("ui.minutes")} value=${orNone(comparison.minutes.this_week, number)} note=${before(comparison.minutes.last_week, number)} />
      <${Tile} name=${t("ui.week.score")} value=${orNone(comparison.average_score.this_week, percent)} note=${before(comparison.average_score.last_week, percent)} />
      <${Tile} name=${t("ui.week.streak")} value=${number(progress.streak_days)} note=${t("ui.week.longest", { count: progress.longest_streak_days })} />
      <${Tile} name=${t("ui.week.today")} value=${number(now.daily_activities)} note=${t("ui.week.activities_today", { count: now.daily_activities })} />
    </dl>
    <ul class="plain insights">${body.insight_details.slice(0, SAID_MAX).map((each) => html`
      <li key=${each.code}><span class="mark" aria-hidden="true">${MARKS[/** @type {keyof typeof MARKS} */ (each.tone)] ?? "◆"}</span>
        ${t(each.code, each.params, each.text)}</li>`)}</ul>`;
}

/** @param {{ name: string, value: string, note: string }} props */
function Tile({ name, value, note }) {
  return html`<div><dt>${name}</dt><dd class="figure">${value}</dd><dd class="note">${note}</dd></div>`;
}

/** @param {number | null} value @param {(value: number) => string} say */
const orNone = (value, say) => (value === null ? t("ui.none") : say(value));

/** @param {number | null} value @param {(value: number) => string} say */
const before = (value, say) => t("ui.week.before", { value: orNone(value, say) });
