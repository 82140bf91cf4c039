/** Why an alert came, as far as it is stored; asked for once somebody wants to know. */

import { useState } from "preact/hooks";
import { html, errorText } from "../parts.js";
import { moment, number, percent, t } from "../words.js";
import { codeOf } from "../session.js";
import { readWhy } from "../teaching.js";

/** @param {{ of: Course, user: string, id: string, title: string, zone: string }} props */
export function WhyAlert({ of, user, id, title, zone }) {
  const [found, setFound] = useState(/** @type {Api["AlertWhy"] | null} */ (null));
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const ask = async () => {
    setError(null);
    try {
      setFound(await readWhy(of, user, id));
    } catch (problem) {
      setError(codeOf(problem));
    }
  };
  if (found) return html`<${Found} why=${found} zone=${zone} />`;
  return html`
    <p class="buttons"><button type="button" class="quiet" onClick=${ask}>${t("ui.why.ask")}<span class="unseen"> ${title}</span></button></p>
    ${error && html`<p role="alert">${errorText(error)}</p>`}`;
}

/** @param {{ why: Api["AlertWhy"], zone: string }} props */
function Found({ why, zone }) {
  return html`
    <div role="status">
      <p>${t("ui.why.rule", { rule: why.rule.name, version: String(why.rule.version) })}
        ${" "}${t("ui.why.raised", { at: moment(why.raised_at, zone) })}
        ${why.changed_at !== why.raised_at && html` ${t("ui.why.changed", { at: moment(why.changed_at, zone) })}`}</p>
      ${why.model && html`<p>${t("ui.why.model", { model: t(`model.${why.model.name}`) || why.model.name, snapshot: why.model.snapshot,
        percent: why.model.probability === null ? t("ui.none") : percent(100 * why.model.probability) })}</p>`}
      ${why.thresholds_now.length > 0 && html`
        <p class="note">${t("ui.why.thresholds")}</p>
        <ul class="plain">${why.thresholds_now.map((each) => html`
          <li key=${each.setting}><code>${each.setting}</code>: ${each.values.map(valueOf).join(", ") || t("ui.none")}</li>`)}</ul>`}
      <p class="note">${t("ui.why.command")}</p>
      <p><code>${why.command}</code></p>
    </div>`;
}

/** @param {number | string} value */
const valueOf = (value) => (typeof value === "number" ? number(value, 3) : value);
