/** What was predicted beside what came of it, a dot a bin, larger where more were judged. */

import { html, Figures } from "../parts.js";
import { number, percent, t } from "../words.js";

const SIDE = 220;
const EDGE = { left: 44, right: 12, top: 12, bottom: 28 };
const LARGEST = 9;
const SMALLEST = 3;

/** @param {{ name: string, bins: Bin[] }} props bins of probabilities, those in which there are any */
export function Calibration({ name, bins }) {
  const most = Math.max(...bins.map((each) => each.count));
  const x = (/** @type {number} */ share) => EDGE.left + share * (SIDE - EDGE.left - EDGE.right);
  const y = (/** @type {number} */ share) => EDGE.top + (1 - share) * (SIDE - EDGE.top - EDGE.bottom);
  return html`
    <svg role="img" aria-label=${name} width=${SIDE} height=${SIDE}>
      ${[0, 0.5, 1].map((share) => html`
        <line class="grid" x1=${x(0)} x2=${x(1)} y1=${y(share)} y2=${y(share)} />
        <text class="axis" x=${EDGE.left - 6} y=${y(share) + 4} text-anchor="end">${percent(100 * share)}</text>
        <text class="axis" x=${x(share)} y=${SIDE - 8} text-anchor=${share === 1 ? "end" : share === 0 ? "start" : "middle"}>${percent(100 * share)}</text>`)}
      <line class="today" x1=${x(0)} x2=${x(1)} y1=${y(0)} y2=${y(1)} />
      ${bins.map((each) => html`
        <circle key=${each.from} class="score" cx=${x(each.predicted)} cy=${y(each.came)} r=${SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(each.count / most)} />`)}
    </svg>
    <p class="legend">${t("ui.learned.legend")}</p>
    <${Figures} name=${name} head=${["predicted", "came", "judged_count"].map((each) => t(`ui.learned.${each}`))}
      rows=${bins.map((each) => [percent(100 * each.predicted), percent(100 * each.came), number(each.count)])} />`;
}
