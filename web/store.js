/** What the learner's page knows: four answers of the API, of which the last waits until it is seen. */

import { PROGRESS, ask } from "./api.js";
import { noAnswer, oneAtATime, onLeave, read } from "./session.js";

/** @type {Asking<Api["DashboardAnswer"]>} */
export const dashboard = noAnswer();
/** @type {Asking<Api["PredictionsAnswer"]>} */
export const predictions = noAnswer();
/** @type {Asking<Api["AlertsAnswer"]>} */
export const alerts = noAnswer();
/** @type {Asking<Api["TrendsAnswer"]>} */
export const patterns = noAnswer();

/** @type {Reader} */
export const OWN = {
  read: oneAtATime(() => Promise.all([
    read(ask(`${PROGRESS}real-time-dashboard`), dashboard),
    read(ask(`${PROGRESS}predictive-analytics`), predictions),
    read(ask(`${PROGRESS}performance-alerts?limit=20`), alerts),
  ])),
  stream: "/api/v1/progress/stream",
  opening: () => dashboard.value.body,
  zone: () => dashboard.value.body?.timezone,
  changed: "ui.changed",
  figures,
};

/** Read the patterns, which nobody waits for. */
export const readPatterns = () => read(ask(`${PROGRESS}trend-analysis?type=patterns&period=90`), patterns);

onLeave(() => {
  for (const each of [dashboard, predictions, alerts, patterns]) each.value = { body: null, error: null };
});

/** What the dashboard says, without what moves by itself. */
function figures() {
  const body = dashboard.value.body;
  if (!body) return "";
  return JSON.stringify([body.realtime_metrics, body.progress_summary, body.goals]);
}
