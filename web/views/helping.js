/** Help that was given, and a button for each kind of help that is given now: a kind, and no words. */

import { useState } from "preact/hooks";
import { html, errorText } from "../parts.js";
import { moment, t } from "../words.js";
import { codeOf, session } from "../session.js";
import { noteHelp } from "../teaching.js";
import { helpOf } from "./course_parts.js";

const KINDS = ["message", "meeting", "extension", "material"];

/** @param {{ of: Course, user: string, body: Api["CourseLearner"], zone: string }} props */
export function Helping({ of, user, body, zone }) {
  const [told, setTold] = useState(/** @type {{ error?: string, kind?: string, waits?: boolean }} */ ({}));
  const note = async (/** @type {string} */ kind) => {
    if (told.waits) return;
    setTold({ waits: true });
    try {
      await noteHelp(of, user, kind, body.alerts.map((each) => each.id));
      setTold({ kind });
    } catch (problem) {
      setTold({ error: codeOf(problem) });
    }
  };
  return html`
    <h4>${t("ui.helping.title")}</h4>
    ${body.helped.length === 0 ? html`<p class="note">${t("ui.person.not_tried")}</p>` : html`
      <ul class="plain">${body.helped.map((each) => html`
        <li key=${each.at + each.kind}>${helpOf(each.kind)} <span class="note">${moment(each.at, zone)}</span></li>`)}</ul>`}
    ${session.value?.may_note_help && html`
      <p id="help-kinds">${t("ui.helping.note")}</p>
      <p class="buttons" role="group" aria-labelledby="help-kinds">${KINDS.map((kind) => html`
        <button key=${kind} type="button" class="quiet" aria-disabled=${Boolean(told.waits)} onClick=${() => note(kind)}>${helpOf(kind)}</button>`)}</p>
      <p class="note">${t("ui.helping.what")}</p>
      <p role="status">${told.kind && t("ui.helping.noted", { kind: helpOf(told.kind) })}${told.error && errorText(told.error)}</p>`}`;
}
