/** Days of work: one square a day, darker where more was done. */

import { html, Figures, useWidth } from "../parts.js";
import { date, number, t, weekday } from "../words.js";

const GAP = 4;
const SIDE_MAX = 34;
const LEFT = 44;
const STEPS = 4;

/** @param {{ daily: Api["PerformanceDay"][] }} props the days, oldest first, with activities and minutes */
export function Heat({ daily }) {
  const [place, width] = useWidth();
  const days = daily.filter((each) => each.activities > 0);
  const name = t("ui.days.chart", { count: days.length, days: daily.length });
  return html`
    <p>${t("ui.days.sum", { count: days.length, days: daily.length })}</p>
    <div class="chart" ref=${place}>
      ${width > 0 && html`<${Drawing} width=${width} daily=${daily} name=${name} />`}
    </div>
    <p class="legend">${t("ui.days.less")}
      ${[0, 1, 2, 3, 4].map((step) => html`<span class=${`key step-${step}`}></span>`)}
      ${t("ui.days.more")}</p>
    <${Figures} name=${name}
      head=${[t("ui.date"), t("ui.activities"), t("ui.minutes")]}
      rows=${daily.map((each) => [date(each.date), number(each.activities), each.minutes === null ? t("ui.none") : number(each.minutes)])} />`;
}

/** @param {{ width: number, daily: Api["PerformanceDay"][], name: string }} props */
function Drawing({ width, daily, name }) {
  const first = mondayIs0(daily[0].date);
  const columns = Math.ceil((first + daily.length) / 7);
  const side = Math.min(SIDE_MAX, Math.floor((width - LEFT) / columns) - GAP);
  const most = Math.max(1, ...daily.map((each) => each.activities));
  return html`
    <svg role="img" aria-label=${name} width=${width} height=${7 * (side + GAP)}>
      ${[0, 2, 4, 6].map((row) => html`
        <text class="axis" x="0" y=${row * (side + GAP) + side / 2 + 4}>${weekday(row + 1, "short")}</text>`)}
      ${daily.map((each, n) => html`
        <rect key=${each.date} class=${`step-${step(each.activities, most)}`} rx="3" width=${side} height=${side}
          x=${LEFT + Math.floor((first + n) / 7) * (side + GAP)} y=${((first + n) % 7) * (side + GAP)} />`)}
    </svg>`;
}

/** How dark: 0 is nothing, and each step as wide as the others. @param {number} done @param {number} most */
const step = (done, most) => (done === 0 ? 0 : Math.ceil((done / most) * STEPS));

/** @param {string} day */
const mondayIs0 = (day) => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
