/** Is anything wrong? One sentence, and five figures that say where to look. */

import { html, Block } from "../parts.js";
import { list, number, t } from "../words.js";
import { letters, operations } from "../operating.js";

/** What keeps the pages from being answered; all else keeps events from getting to them. */
const ANSWERS = ["database_away", "schema_version", "partition_records", "clock_mode", "version"];
const BEHIND_SECONDS = 60;

export function Wrong() {
  const answer = operations.value;
  const body = answer.body;
  return html`
    <${Block} id="wrong" size="wide short" answer=${answer}>
      ${body && html`
        ${body.ready ? html`<p class="verdict"><${Mark} well=${true} />${t("ui.wrong.nothing")}</p>` : html`<${Reasons} body=${body} />`}
        <dl class="tiles">${tiles(body).map((each) => html`
          <div key=${each.code}>
            <dt>${t(`ui.wrong.${each.code}`)}</dt>
            <dd class="figure"><${Mark} well=${each.well} />${each.value}</dd>
            ${each.note && html`<dd class="note">${each.note}</dd>`}
          </div>`)}</dl>`}
    <//>`;
}

/** A shape beside the word, and not only a colour. @param {{ well: boolean | null }} props null: not known */
export const Mark = ({ well }) => html`
  <span class=${`mark ${well ? "well" : "away"}`} aria-hidden="true">${well === null ? "◆" : well ? "●" : "▲"}</span>`;

/** Each thing that is not as it must be, once. @param {{ body: Api["Operations"] }} props */
function Reasons({ body }) {
  const codes = [...new Set(body.reasons.map((each) => each.code))];
  return html`
    <ul class="plain verdict">${codes.map((code) => html`
      <li key=${code}><${Mark} well=${false} />${t(`ui.reason.${code}`, { partitions: haltedOf(body) }) || t("ui.reason.other", { code })}</li>`)}
    </ul>`;
}

/** @param {Api["Operations"]} body */
const haltedOf = (body) =>
  list(body.partitions.filter((each) => each.halted).map((each) => number(each.partition)));

/** @param {Api["Operations"]} body */
function tiles(body) {
  const wrong = body.reasons.some((each) => ANSWERS.includes(each.code));
  const known = body.partitions.filter((each) => each.lag_known);
  const last = known.reduce((a, b) => (b.lag_seconds > (a?.lag_seconds ?? -1) ? b : a), /** @type {Api["PartitionFigures"] | null} */ (null));
  const halted = body.partitions.filter((each) => each.halted).length;
  const rejected = letters.value.body;
  return [
    { code: "answers", well: !wrong, value: t(wrong ? "ui.wrong.no" : "ui.wrong.yes") },
    { code: "kafka", well: body.kafka === "up", value: t(body.kafka === "up" ? "ui.wrong.up" : "ui.wrong.away") },
    { code: "behind", well: last === null ? null : last.lag_seconds < BEHIND_SECONDS,
      value: last === null ? t("ui.wrong.unknown") : seconds(last.lag_seconds),
      note: last !== null && last.lag_seconds > 0 ? t("ui.wrong.partition", { partition: last.partition }) : "" },
    { code: "halted", well: body.partitions.length === 0 ? null : halted === 0, value: number(halted),
      note: t("ui.wrong.of_partitions", { count: body.partitions.length }) },
    { code: "letters", well: rejected ? rejected.count_24h === 0 : null,
      value: rejected ? number(rejected.count_24h) : t("ui.wrong.unknown"), note: rejected?.about ? t("ui.wrong.about") : "" },
  ];
}

/** @param {number} value */
export const seconds = (value) => t("ui.operations.seconds", { value: number(value, value < 10 ? 1 : 0) });
