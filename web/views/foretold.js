/** What the models say of the course, how often they were right in it, or what they still have to learn. */

import { html, Block, Figures, Missing } from "../parts.js";
import { number, percent, t } from "../words.js";

const LIKELY = /** @type {Record<string, "missing_likely" | "not_passing_likely" | undefined>} */ ({ next_missing: "missing_likely", not_passing: "not_passing_likely" });

/** @param {{ of: Course }} props */
export function Foretold({ of }) {
  const answer = of.overview.value;
  const body = answer.body;
  return html`
    <${Block} id="foretold" size="middle" answer=${answer} isEmpty=${body?.models.length === 0}>
      ${body?.gate_open === false && html`<p><span class="mark high" aria-hidden="true">▲</span>${t("ui.foretold.gate")}</p>`}
      ${(body?.models ?? []).map((each) => html`
        <div key=${each.name} class="part"><h3>${t(`model.${each.name}`) || each.name}</h3><${Model} model=${each} body=${body} /></div>`)}
    <//>`;
}

/** @param {{ model: Api["CourseModel"], body: Api["CourseOverview"] }} props */
function Model({ model, body }) {
  if (model.status === "unavailable") return html`<p class="note">${t("ui.unavailable")}</p>`;
  if (model.status !== "ok") return html`<${Missing} id="foretold" missing=${model.missing} />`;
  const likely = LIKELY[model.name];
  return html`
    ${likely && html`<p>${t(`ui.glance.${likely}`, { count: body[likely] })}</p>`}
    ${model.judged === 0 ? html`<p class="note">${t("ui.foretold.unjudged")}</p>` : html`<${Judged} model=${model} />`}`;
}

/** @param {{ model: Api["CourseModel"] }} props */
function Judged({ model }) {
  const { judged, calibration_error: off, log_loss: loss, naive_log_loss: naive, auc } = model;
  const shown = (/** @type {number | null} */ value) => (value === null ? t("ui.none") : number(value, 3));
  return html`
    <p>${t("ui.foretold.judged", { count: judged })}
      ${off !== null && html` ${t("ui.foretold.off", { count: Math.round(100 * off) })}`}
      ${auc !== null && html` ${t("ui.foretold.ranked", { number: number(100 * auc, 0) })}`}
      ${loss !== null && naive !== null && html` ${t(loss < naive ? "ui.foretold.better" : "ui.foretold.no_better")}`}</p>
    <${Figures} name=${t("ui.foretold.figures")} head=${[t("ui.foretold.figure"), t("ui.foretold.value")]} rows=${[
      [t("ui.foretold.count"), number(judged)],
      [t("ui.foretold.calibration"), off === null ? t("ui.none") : percent(100 * off)],
      [t("ui.foretold.log_loss"), shown(loss)],
      [t("ui.foretold.naive"), shown(naive)],
      [t("ui.foretold.auc"), shown(auc)],
    ]} />`;
}
