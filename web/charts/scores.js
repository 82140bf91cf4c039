/** Scores over time: dots, their moving average, and what is to be expected in its band. */

import { html, Figures, useWidth } from "../parts.js";
import { date, percent, t } from "../words.js";

const HEIGHT = 220;
const EDGE = { left: 48, right: 12, top: 10, bottom: 26 };
const DAY = 86_400_000;
const LABEL_PIXELS = 90;

/**
 * @param {{ daily: Api["PerformanceDay"][], forecast: Api["ForecastPoint"][] }} props
 *   `daily`: the days of the dashboard; `forecast`: may be empty
 */
export function Scores({ daily, forecast }) {
  const [place, width] = useWidth();
  const scored = daily.filter(hasScore);
  const name = t("ui.scores.chart", { count: scored.length });
  return html`
    <div class="chart" ref=${place}>
      ${width > 0 && html`<${Drawing} width=${width} name=${name} daily=${daily} scored=${scored} forecast=${forecast} />`}
    </div>
    <p class="legend">
      <span class="key dot"></span>${t("ui.scores.dots")}
      <span class="key line"></span>${t("ui.scores.average")}
      ${forecast.length > 0 && html`<span class="key band"></span>${t("ui.scores.band")}`}
    </p>
    <${Figures} name=${name}
      head=${[t("ui.date"), t("ui.scores.dots"), t("ui.scores.average"), t("ui.scores.band")]}
      rows=${[
        ...scored.map((each) => [date(each.date), percent(each.average_score), orNone(each.moving_average), ""]),
        ...forecast.filter((_, n) => n % 7 === 0).map((each) => [date(each.date), "", "", t("ui.range", {
          low: percent(each.low), high: percent(each.high) })]),
      ]} />`;
}

/** @param {{ width: number, name: string, daily: Api["PerformanceDay"][], scored: ScoredDay[], forecast: Api["ForecastPoint"][] }} props */
function Drawing({ width, name, daily, scored, forecast }) {
  const days = [...daily, ...forecast].map((each) => Date.parse(each.date));
  const from = Math.min(...days);
  const until = Math.max(...days, from + DAY);
  const x = (/** @type {string} */ day) =>
    EDGE.left + ((Date.parse(day) - from) / (until - from)) * (width - EDGE.left - EDGE.right);
  const y = (/** @type {number} */ score) => EDGE.top + (1 - score / 100) * (HEIGHT - EDGE.top - EDGE.bottom);
  const today = daily[daily.length - 1].date;
  return html`
    <svg role="img" aria-label=${name} width=${width} height=${HEIGHT}>
      ${[0, 25, 50, 75, 100].map((score) => html`
        <line class="grid" x1=${EDGE.left} x2=${width - EDGE.right} y1=${y(score)} y2=${y(score)} />
        <text class="axis" x=${EDGE.left - 6} y=${y(score) + 4} text-anchor="end">${percent(score)}</text>`)}
      ${labels(daily, forecast, width).map((day, n) => html`
        <text class="axis" key=${day} x=${x(day)} y=${HEIGHT - 6} text-anchor=${n === 0 ? "start" : x(day) > width - LABEL_PIXELS / 2 ? "end" : "middle"}>${date(day, "short")}</text>`)}
      ${forecast.length > 1 && html`
        <polygon class="band" points=${band(forecast, x, y)} />
        <polyline class="dashed" points=${line(forecast, "value", x, y)} />`}
      <line class="today" x1=${x(today)} x2=${x(today)} y1=${EDGE.top} y2=${HEIGHT - EDGE.bottom} />
      <polyline class="average" points=${line(scored.filter(hasAverage), "moving_average", x, y)} />
      ${scored.map((each) => html`
        <circle class="score" key=${each.date} cx=${x(each.date)} cy=${y(each.average_score)} r="4.5" />`)}
    </svg>`;
}

/** As many days as there is room to name, the last of them well inside. @param {{ date: string }[]} daily @param {{ date: string }[]} forecast @param {number} width */
function labels(daily, forecast, width) {
  const all = [...daily, ...forecast].map((each) => each.date);
  const step = Math.ceil(all.length / Math.max(1, Math.floor(width / LABEL_PIXELS)));
  return all.filter((_, n) => n % step === 0 && n < all.length - step / 2);
}

/** @param {Api["PerformanceDay"]} day @returns {day is ScoredDay} */
const hasScore = (day) => day.average_score !== null;
/** @param {ScoredDay} day @returns {day is Known<ScoredDay, "moving_average">} */
const hasAverage = (day) => day.moving_average !== null;
const orNone = (/** @type {number | null} */ value) => (value === null ? t("ui.none") : percent(value));

/** @template {string} K @param {({ date: string } & Record<K, number>)[]} points @param {K} key @param {Scale<string>} x @param {Scale<number>} y */
const line = (points, key, x, y) => points.map((each) => `${x(each.date)},${y(each[key])}`).join(" ");

/** @param {Api["ForecastPoint"][]} points @param {Scale<string>} x @param {Scale<number>} y */
const band = (points, x, y) =>
  `${line(points, "high", x, y)} ${line([...points].reverse(), "low", x, y)}`;
