/** How far the furthest partition was behind in the last half hour, as this page has read it. */

import { html, Block } from "../parts.js";
import { clock, t } from "../words.js";
import { operations, readings } from "../operating.js";
import { Lag } from "../charts/lag.js";

export function Behind() {
  const points = readings.value.map(furthest).filter((each) => each !== null);
  return html`
    <${Block} id="behind" size="wide middle" answer=${operations.value} isEmpty=${points.length < 2}>
      ${points.length > 1 && html`
        <p class="note">${t("ui.behind.since", { time: clock(new Date(points[0].at).toISOString(), undefined) })}</p>
        <${Lag} points=${points} />`}
    <//>`;
}

/** @param {Reading} reading */
function furthest({ at, partitions }) {
  const known = partitions.map((each) => each.lag).filter((lag) => lag !== null);
  return known.length === 0 ? null : { at, lag: Math.max(...known) };
}
