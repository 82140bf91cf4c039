/** The partitions one by one: how far behind, how fast, and how one that is halted is resumed. */

import { html, Block, Table } from "../parts.js";
import { number, t } from "../words.js";
import { operations, rateOf } from "../operating.js";
import { Mark, seconds } from "./wrong.js";

const TOO_MANY_REJECTED = 65;
const COLUMNS = ["partition", "state", "behind", "rate", "events", "rejected", "duplicates", "learners"];

export function Partitions() {
  const answer = operations.value;
  const partitions = answer.body?.partitions ?? [];
  const halted = partitions.flatMap((each) => each.halted ?? []);
  return html`
    <${Block} id="partitions" size="wide middle" answer=${answer} isEmpty=${partitions.length === 0}>
      ${halted.length > 0 && html`
        <p>${t("ui.partitions.resume")}</p>
        <p>${[...new Set(halted.map((each) => each.command))].map((command) => html`<code>${command}</code>`)}</p>`}
      <${Table} name=${t("ui.partitions.table")} head=${COLUMNS.map((each) => t(`ui.partitions.${each}`))} rows=${partitions.map(cells)} />
    <//>`;
}

/** @param {Api["PartitionFigures"]} each */
function cells(each) {
  const rate = rateOf(each.partition);
  return [
    number(each.partition),
    html`<${Mark} well=${!each.halted} />${stateOf(each.halted)}`,
    each.lag_known ? seconds(each.lag_seconds) : t("ui.wrong.unknown"),
    rate === null ? t("ui.partitions.later") : number(rate),
    ...[each.events, each.rejected, each.duplicates, each.learners].map((value) => number(value)),
  ];
}

/** @param {Api["Halt"] | null} halted */
function stateOf(halted) {
  if (!halted) return t("ui.partitions.runs");
  return halted.code === TOO_MANY_REJECTED ? t("ui.partitions.halted") : t("ui.partitions.halted_by", { code: halted.code });
}
