/** What was rejected: by reason, with what to do and the command, then the newest places. Never a byte of it. */

import { html, Block, Table } from "../parts.js";
import { apart, moment, t } from "../words.js";
import { letters } from "../operating.js";

export function Rejected() {
  const answer = letters.value;
  const body = answer.body;
  return html`
    <${Block} id="rejected" size="wide middle" answer=${answer} isEmpty=${body?.by_reason.length === 0 && body.count_24h === 0}>
      ${body && html`
        <p>${t(body.about ? "ui.rejected.about" : "ui.rejected.count", { count: body.count_24h })}${" "}
          ${!body.complete && t("ui.rejected.incomplete")}</p>
        <ul class="plain cards">${body.by_reason.map((each) => html`
          <${Reason} key=${each.reason} each=${each} now=${body.timestamp} about=${body.about} />`)}</ul>
        <h3>${t("ui.rejected.newest")}</h3>
        <${Table} name=${t("ui.rejected.newest")} head=${["when", "where", "why", "command"].map((each) => t(`ui.rejected.${each}`))}
          rows=${body.places.map(cells)} />`}
    <//>`;
}

/** @param {{ each: Api["ReasonFigures"], now: string, about: boolean }} props */
function Reason({ each, now, about }) {
  const counted = { count: each.count_24h, when: apart(each.newest_at, now) };
  return html`
    <li>
      <h3><code>${each.reason}</code></h3>
      <p>${t(about ? "ui.rejected.about_when" : "ui.rejected.count_when", counted)}</p>
      <p>${remedyOf(each.reason)}</p>
      ${each.command && html`<p class="note">${t("ui.rejected.back")} <code>${each.command}</code></p>`}
    </li>`;
}

/** @param {string} reason */
const remedyOf = (reason) => t(`ui.remedy.${reason}`) || t("ui.remedy.unknown");

/** @param {Api["LetterPlace"]} each */
function cells(each) {
  const where = each.partition === null ? t("ui.rejected.nowhere")
    : t("ui.rejected.place", { topic: each.topic ?? t("ui.wrong.unknown"), partition: each.partition, offset: String(each.offset) });
  return [
    moment(each.rejected_at, undefined), where,
    html`<code>${each.reason}</code>${each.detail && html`<br /><span lang="en">${each.detail}</span>`}`,
    each.command ? html`<code>${each.command}</code>` : "",
  ];
}
