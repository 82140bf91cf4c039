/** Which messages the learner wants to get: muted kinds, the least severity, quiet hours, how many a day. */

import { useState } from "preact/hooks";
import { html, Block, errorText } from "../parts.js";
import { t } from "../words.js";
import { alerts } from "../store.js";
import { codeOf, refresh } from "../session.js";
import { setPreferences } from "../api.js";

const TYPES = /** @type {Api["AlertType"][]} */ (["performance", "engagement", "achievement"]);
const SEVERITIES = ["low", "medium", "high"];
const QUIET = { from: "22:00", to: "07:00" };
const A_DAY_MAX = 1000;

export function Preferences() {
  const answer = alerts.value;
  const [said, setSaid] = useState(/** @type {Told} */ ({}));
  return html`
    <${Block} id="preferences" size="wide middle" answer=${answer}>
      ${answer.body && html`<${Form} key=${answer.body.preferences.version} held=${answer.body.preferences} zone=${answer.body.timezone} said=${said} setSaid=${setSaid} />`}
      <p role="status">${said.kept && t("ui.preferences.kept")}${said.error &&
        (said.error === "invalid_parameter" ? t("ui.preferences.refused") : errorText(said.error))}</p>
    <//>`;
}

/** Anew for each version that is held; what was said of the last one outlives it. @param {{ held: Api["Preferences"], zone: string, said: Told, setSaid: (said: Told) => void }} props */
function Form({ held, zone, said, setSaid }) {
  const [quiet, setQuiet] = useState(held.quiet_hours !== null);
  const send = async (/** @type {Sending} */ event) => {
    event.preventDefault();
    if (said.waits) return;
    setSaid({ waits: true });
    try {
      await setPreferences(filledIn(new FormData(event.target), held, quiet));
      setSaid({ kept: true });
      await refresh();
    } catch (problem) {
      setSaid({ error: codeOf(problem) });
    }
  };
  return html`
    <form onSubmit=${send}>
      <fieldset><legend>${t("ui.preferences.types")}</legend>
        ${TYPES.map((type) => html`
          <label key=${type}><input type="checkbox" name="type" value=${type} defaultChecked=${!held.muted_types.includes(type)} />
            ${t(`ui.type.${type}`)}</label>`)}
      </fieldset>
      <label>${t("ui.preferences.severity")}
        <select name="severity">${SEVERITIES.map((each) => html`
          <option key=${each} value=${each} selected=${each === held.min_severity}>${t(`ui.severity.${each}`)}</option>`)}</select></label>
      <fieldset><legend>${t("ui.preferences.quiet", { zone })}</legend>
        <label><input type="checkbox" checked=${quiet} onChange=${(/** @type {Ticked} */ event) => setQuiet(event.target.checked)} />
          ${t("ui.preferences.quiet_on")}</label>
        <label>${t("ui.preferences.from")}<input type="time" name="from" required disabled=${!quiet} defaultValue=${(held.quiet_hours ?? QUIET).from} /></label>
        <label>${t("ui.preferences.to")}<input type="time" name="to" required disabled=${!quiet} defaultValue=${(held.quiet_hours ?? QUIET).to} /></label>
      </fieldset>
      <label>${t("ui.preferences.a_day")}
        <input type="number" name="a_day" min="0" max=${A_DAY_MAX} step="1" inputmode="numeric" defaultValue=${held.max_per_day ?? ""} /></label>
      <p class="buttons"><button type="submit" aria-disabled=${Boolean(said.waits)}>${t("ui.preferences.keep")}</button></p>
    </form>`;
}

/** All of the preferences, as the API takes them. @param {FormData} form @param {Api["Preferences"]} held @param {boolean} quiet @returns {Api["PreferencesBody"]} */
function filledIn(form, held, quiet) {
  const wanted = form.getAll("type");
  const aDay = String(form.get("a_day") ?? "");
  return {
    muted_types: [...TYPES.filter((each) => !wanted.includes(each)), ...held.muted_types.filter((each) => !TYPES.includes(each))],
    muted_categories: held.muted_categories, // set by other programs, and kept
    min_severity: /** @type {Api["Severity"]} */ (form.get("severity")),
    quiet_hours: quiet ? { from: String(form.get("from")), to: String(form.get("to")) } : null,
    max_per_day: aDay === "" ? null : Number(aDay),
  };
}
