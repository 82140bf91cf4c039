/** Seconds behind over the last half hour; the line breaks where nothing was read for a while. */

import { html, Figures, useWidth } from "../parts.js";
import { clock, number, t } from "../words.js";

const HEIGHT = 200;
const EDGE = { left: 52, right: 12, top: 10, bottom: 26 };
const BREAK_MS = 60_000;
const LEAST = 5;
const TICKS = 4;

/** @param {{ points: Point[] }} props two at least, the oldest first */
export function Lag({ points }) {
  const [place, width] = useWidth();
  const most = Math.max(...points.map((each) => each.lag));
  const name = t("ui.behind.chart", { most: number(most, 0), last: number(points[points.length - 1].lag, 0) });
  return html`
    <div class="chart" ref=${place}>${width > 0 && html`<${Drawing} width=${width} points=${points} name=${name} />`}</div>
    <${Figures} name=${name} head=${[t("ui.behind.time"), t("ui.behind.lag")]}
      rows=${[...points].reverse().map((each) => [timeOf(each.at), number(each.lag)])} />`;
}

/** @param {{ width: number, points: Point[], name: string }} props */
function Drawing({ width, points, name }) {
  const from = points[0].at;
  const { at: until, lag: last } = points[points.length - 1];
  const top = nice(Math.max(LEAST, ...points.map((each) => each.lag)));
  const x = (/** @type {number} */ at) => EDGE.left + ((at - from) / (until - from)) * (width - EDGE.left - EDGE.right);
  const y = (/** @type {number} */ lag) => EDGE.top + (1 - lag / top) * (HEIGHT - EDGE.top - EDGE.bottom);
  const steps = Array.from({ length: TICKS + 1 }, (_, n) => (n * top) / TICKS);
  return html`
    <svg role="img" aria-label=${name} width=${width} height=${HEIGHT}>
      ${steps.map((lag) => html`
        <line class="grid" x1=${EDGE.left} x2=${width - EDGE.right} y1=${y(lag)} y2=${y(lag)} />
        <text class="axis" x=${EDGE.left - 6} y=${y(lag) + 4} text-anchor="end">${number(lag)}</text>`)}
      <text class="axis" x=${EDGE.left} y=${HEIGHT - 6}>${timeOf(from)}</text>
      <text class="axis" x=${width - EDGE.right} y=${HEIGHT - 6} text-anchor="end">${timeOf(until)}</text>
      ${pieces(points).map((piece, n) => html`
        <polyline key=${n} class="average" points=${piece.map((each) => `${x(each.at)},${y(each.lag)}`).join(" ")} />`)}
      <circle class="score" cx=${x(until)} cy=${y(last)} r="4" />
    </svg>`;
}

/** The points without the gaps between them. @param {Point[]} points */
function pieces(points) {
  const found = [[points[0]]];
  for (const [n, each] of points.slice(1).entries()) {
    if (each.at - points[n].at > BREAK_MS) found.push([]);
    found[found.length - 1].push(each);
  }
  return found;
}

/** The next round number: 1, 2 or 5, and noughts. @param {number} value */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((each) => each * power >= value) ?? 10);
}

/** @param {number} at */
const timeOf = (at) => clock(new Date(at).toISOString(), undefined);
