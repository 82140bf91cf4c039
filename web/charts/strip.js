/** Days of work in one row, the newest last, darker where more was done; a sentence beside it says how many. */

import { html } from "../parts.js";

const SIDE = 8;
const STEP = 10;
const SHADES = 4;

/** @param {{ days: number[] }} props activities of each day, against the learner's own busiest */
export function Strip({ days }) {
  const most = Math.max(1, ...days);
  return html`
    <svg class="strip" aria-hidden="true" viewBox=${`0 0 ${days.length * STEP} ${SIDE + 2}`} width=${days.length * STEP} height=${SIDE + 2}>
      ${days.map((done, n) => html`
        <rect key=${n} class=${`step-${Math.ceil((done / most) * SHADES)}`} x=${n * STEP + 1} y="1" width=${SIDE} height=${SIDE} rx="2" />`)}
    </svg>`;
}
