/** The last scores as dots, the newest at the right, beside the learner's own mean; a sentence says the same. */

import { html } from "../parts.js";

const HEIGHT = 36;
const EDGE = 6;
const STEP = 18;

/** @param {{ scores: number[], mean: number | null }} props in percent, oldest first */
export function Spark({ scores, mean }) {
  const width = 2 * EDGE + STEP * Math.max(1, scores.length - 1);
  const y = (/** @type {number} */ score) => EDGE + (1 - Math.min(100, score) / 100) * (HEIGHT - 2 * EDGE);
  return html`
    <svg class="spark" aria-hidden="true" width=${width} height=${HEIGHT}>
      ${mean !== null && html`<line class="today" x1="0" x2=${width} y1=${y(mean)} y2=${y(mean)} />`}
      <polyline class="average" points=${scores.map((score, n) => `${EDGE + n * STEP},${y(score)}`).join(" ")} />
      ${scores.map((score, n) => html`<circle key=${n} class="score" cx=${EDGE + n * STEP} cy=${y(score)} r="3.5" />`)}
    </svg>`;
}
