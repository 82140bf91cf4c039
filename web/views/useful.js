/** The alerts of each rule, and what learners said of them. */

import { html, Block, Table } from "../parts.js";
import { clock, number, percent, t } from "../words.js";
import { operations } from "../operating.js";

const COLUMNS = ["rule", "open", "delivered", "suppressed", "acknowledged", "said_useful", "said_not", "precision", "resolved"];

export function Useful() {
  const answer = operations.value;
  const { alerts, alerts_counted_at: at } = answer.body ?? {};
  return html`
    <${Block} id="useful" size="wide middle" answer=${answer} section=${alerts === null ? { status: "unavailable" } : undefined}
      isEmpty=${alerts?.length === 0}>
      ${alerts && at && html`
        <p class="note">${t("ui.useful.counted", { time: clock(at, undefined) })}</p>
        <${Table} name=${t("ui.useful.table")} head=${COLUMNS.map((each) => t(`ui.useful.${each}`))} rows=${alerts.map(cells)} />`}
    <//>`;
}

/** @param {Api["RuleAlerts"]} each */
function cells(each) {
  return [
    t(`alert.${each.rule}.title`) || each.rule,
    ...[each.open, each.delivered, each.suppressed, each.acknowledged, each.useful + each.acted, each.not_useful].map((value) => number(value)),
    each.precision === null ? t("ui.none") : percent(100 * each.precision),
    each.resolved_after_hours === null ? t("ui.none") : t("ui.useful.hours", { value: number(each.resolved_after_hours) }),
  ];
}
