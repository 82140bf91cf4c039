/** Where the middle half of a course's learners is, in one bar; a sentence beside it says the same. */

import { html, Figures } from "../parts.js";
import { percent, t } from "../words.js";

/** @param {{ name: string, found: { low: number, median: number, high: number } }} props in percent */
export function Quartiles({ name, found }) {
  const shown = { low: percent(found.low), median: percent(found.median), high: percent(found.high) };
  return html`
    <svg class="bar" aria-hidden="true" width="100%" height="18">
      <rect class="track" x="0" y="4" width="100%" height="10" rx="5" />
      <rect class="band" x=${`${found.low}%`} y="4" width=${`${Math.max(0.5, found.high - found.low)}%`} height="10" />
      <rect class="mark" x=${`${Math.min(99, found.median)}%`} y="0" width="3" height="18" />
    </svg>
    <p>${t("ui.spread.said", shown)}</p>
    <${Figures} name=${name} head=${[t("ui.spread.share"), name]}
      rows=${[[t("ui.spread.low"), shown.low], [t("ui.spread.median"), shown.median], [t("ui.spread.high"), shown.high]]} />`;
}
