// @ts-check
/** What the learner's page knows: four answers of the API, of which the last waits until it is seen. */

import * as api from "./api.js";
import { noAnswer, oneAtATime, onLeave, read } from "./session.js";

export const dashboard = noAnswer();
export const predictions = noAnswer();
export const alerts = noAnswer();
export const patterns = noAnswer();

const PAGES = [
  { name: "real-time-dashboard", answer: dashboard },
  { name: "predictive-analytics", answer: predictions },
  { name: "performance-alerts?limit=20", answer: alerts },
];

/** @type {import("./session.js").Reader} */
export const OWN = {
  read: oneAtATime(() => Promise.all(PAGES.map(({ name, answer }) => read(api.page(name), answer)))),
  stream: "/api/v1/progress/stream",
  opening: () => dashboard.value.body,
  zone: () => dashboard.value.body?.timezone,
  changed: "ui.changed",
  figures,
};

/** Read the patterns, which nobody waits for. */
export const readPatterns = () => read(api.page("trend-analysis?type=patterns&period=90"), patterns);

onLeave(() => {
  for (const each of [dashboard, predictions, alerts, patterns]) each.value = { body: null, error: null };
});

/** What the dashboard says, without what moves by itself. */
function figures() {
  const body = dashboard.value.body;
  if (!body) return "";
  return JSON.stringify([body.realtime_metrics, body.progress_summary, body.goals]);
}
