/** Messages to the learner: open ones to answer, and how the earlier ones ended. */

import { useState } from "preact/hooks";
import { html, Block, MARKS, errorText } from "../parts.js";
import { moment, t } from "../words.js";
import { alerts } from "../store.js";
import { codeOf, refresh } from "../session.js";
import { acknowledge, giveFeedback } from "../api.js";

const EARLIER_MAX = 10;

export function Messages() {
  const answer = alerts.value;
  const open = (answer.body?.current_alerts ?? []).filter(isForLearner);
  const earlier = (answer.body?.alert_history.items ?? [])
    .filter((each) => isForLearner(each) && hasEnded(each)).slice(0, EARLIER_MAX);
  return html`
    <${Block} id="messages" answer=${answer} isEmpty=${open.length + earlier.length === 0}>
      ${open.length === 0 && html`<p class="note">${t("ui.messages.none_open")}</p>`}
      <ul class="plain cards">${open.map((each) => html`
        <${Message} key=${each.id} alert=${each} zone=${answer.body?.timezone} />`)}</ul>
      ${earlier.length > 0 && html`
        <details><summary>${t("ui.messages.earlier", { count: earlier.length })}</summary>
          <ul class="plain cards">${earlier.map((each) => html`
            <li key=${each.id}><${Said} alert=${each} zone=${answer.body?.timezone} />
              <p class="note">${ending(each, answer.body?.timezone)}</p></li>`)}</ul>
        </details>`}
    <//>`;
}

/** @param {{ alert: Api["Alert"], zone: string }} props */
function Message({ alert, zone }) {
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const [waits, setWaits] = useState(false);
  const say = async (/** @type {() => Promise<unknown>} */ what) => {
    if (waits) return;
    setWaits(true);
    setError(null);
    try {
      await what();
      await refresh();
    } catch (problem) {
      setError(codeOf(problem));
    } finally {
      setWaits(false);
    }
  };
  const name = titleOf(alert);
  const feedback = (/** @type {"useful" | "not_useful"} */ value) => html`
    <button type="button" class="quiet" aria-pressed=${alert.feedback === value} aria-disabled=${waits}
      aria-label=${t(`ui.messages.${value}_of`, { name })}
      onClick=${() => say(() => giveFeedback(alert.id, value))}>${t(`ui.messages.${value}`)}</button>`;
  return html`
    <li>
      <${Said} alert=${alert} zone=${zone} />
      <p class="buttons">
        ${alert.acknowledged_at === null
          ? html`<button type="button" aria-disabled=${waits} aria-label=${t("ui.messages.got_it_of", { name })}
              onClick=${() => say(() => acknowledge(alert.id))}>${t("ui.messages.got_it")}</button>`
          : html`<span class="note">✓ ${t("ui.messages.seen")}</span>`}
        ${feedback("useful")}${feedback("not_useful")}
      </p>
      ${error && html`<p role="alert">${errorText(error)}</p>`}
    </li>`;
}

/** @param {{ alert: Api["Alert"], zone: string }} props */
function Said({ alert, zone }) {
  const mark = MARKS[alert.severity] ?? "●";
  return html`
    <h3><span class=${`mark ${alert.severity}`} aria-hidden="true">${alert.type === "achievement" ? "★" : mark}</span>${titleOf(alert)}</h3>
    <p>${t(alert.message_code, alert.params, alert.message)}</p>
    <p class="note">${moment(alert.timestamp, zone)}${alert.course_title === null ? "" : html` · <bdi>${alert.course_title}</bdi>`}</p>`;
}

/** @param {Api["Alert"]} alert */
const titleOf = (alert) => t(alert.title_code, alert.params, alert.title);

/** What is for instructors and operators alone is written to them, and not shown. @param {Api["Alert"]} alert */
const isForLearner = (alert) => alert.audience.includes("learner");

/** @param {Api["Alert"]} alert */
const hasEnded = (alert) => alert.state === "resolved" || alert.state === "expired";

/** @param {Api["Alert"]} alert @param {string | undefined} zone */
function ending(alert, zone) {
  if (alert.state === "expired") return t("ui.messages.expired");
  const at = { at: moment(alert.resolved_at ?? alert.updated_at, zone) };
  return t(`ui.messages.ended_${alert.resolution}`, at) || t("ui.messages.ended", at);
}
