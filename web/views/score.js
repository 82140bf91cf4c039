/** Scores, and what to expect: an interval, and who says so. */

import { html, Block } from "../parts.js";
import { percent, t } from "../words.js";
import { dashboard, predictions } from "../store.js";
import { Scores } from "../charts/scores.js";

export function Score() {
  const answer = dashboard.value;
  const trends = answer.body?.performance_trends;
  const none = trends && !trends.daily.some((each) => each.average_score !== null);
  return html`
    <${Block} id="scores" size="wide tall" answer=${answer} section=${none ? trends : undefined} isEmpty=${none}>
      ${trends && !none && html`<${Shown} trends=${trends} />`}
    <//>`;
}

/** @param {{ trends: Api["PerformanceTrends"] }} props */
function Shown({ trends }) {
  const said = predictions.value.body;
  const forecast = said?.performance_forecast;
  return html`
    <p>${sentence(said)}</p>
    <${Scores} daily=${trends.daily} forecast=${forecast?.points ?? []} />
    ${forecast?.note && html`<p class="note">${t(forecast.note.code, forecast.note.params, forecast.note.text)}</p>`}`;
}

/** What is expected of the next score, and how often that held; or why nothing is. @param {Api["PredictionsAnswer"] | null} said */
function sentence(said) {
  if (!said) return predictions.value.error ? t("ui.scores.away") : t("ui.loading");
  const next = said.predictions.next_assessment_score;
  if (next.note) return t(next.note.code, next.note.params, next.note.text);
  if (!next.score) return t("ui.scores.nothing");
  const name = next.title ?? next.assessment_id;
  const range = { low: percent(next.score.low), high: percent(next.score.high) };
  const model = said.prediction_confidence.models.find((each) => each.target === "score");
  const held = model?.interval_coverage;
  const first = name === null ? t("ui.scores.expect", range) : t("ui.scores.expect_in", { ...range, name });
  return held === null || held === undefined ? first : `${first} ${t("ui.scores.held", { share: percent(100 * held) })}`;
}
