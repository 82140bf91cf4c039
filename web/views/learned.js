/** The models: what they have learned, how right they were beside the baseline, and whether that has changed. */

import { html, Block, Figures } from "../parts.js";
import { moment, number, percent, t } from "../words.js";
import { models } from "../operating.js";
import { Calibration } from "../charts/calibration.js";

export function Learned() {
  const answer = models.value;
  const body = answer.body;
  return html`
    <${Block} id="learned" size="wide tall" answer=${answer} isEmpty=${body?.newest_version === null}>
      ${body && html`
        <p>${t("ui.learned.version", { serving: body.serving_version, newest: body.newest_version })}
          ${body.learned_until !== null && html` ${t("ui.learned.until", { when: moment(body.learned_until, undefined) })}`}
          ${body.pinned && html` ${t("ui.learned.pinned")}`}
          ${body.frozen && html` ${t("ui.learned.frozen")}`}</p>
        <div class="models">${body.models.map((each) => html`<${Model} key=${each.name} model=${each} />`)}</div>`}
    <//>`;
}

/** @param {{ model: Api["ModelFigures"] }} props */
function Model({ model }) {
  const { total, drift } = model;
  const name = t(`model.${model.name}`) || model.name;
  return html`
    <article aria-label=${name}>
      <h3>${name}</h3>
      <p>${t("ui.learned.examples", { count: model.examples_learned, needed: number(model.examples_needed) })}
        ${!model.switched_on && html` ${t("ui.learned.off")}`}
        ${model.switched_on && !model.speaks && html` ${t("ui.learned.silent")}`}</p>
      <p>${drift.drifted_at !== null ? html`<span class="mark away" aria-hidden="true">▲</span>${t("ui.learned.drifted", { when: moment(drift.drifted_at, undefined) })}`
        : html`<span class="mark well" aria-hidden="true">●</span>${t("ui.learned.steady")}`}
        ${drift.count > 0 && !drift.drifted && html` ${t("ui.learned.drifts", { count: drift.count })}`}</p>
      ${total.count === 0 ? html`<p class="note">${t("ui.learned.unjudged")}</p>` : html`<${Judged} model=${model} name=${name} />`}
    </article>`;
}

/** @param {{ model: Api["ModelFigures"], name: string }} props */
function Judged({ model, name }) {
  const { total } = model;
  const rows = scores(model.unit, total).filter(({ shown }) => shown !== null);
  const bins = model.calibration.filter(isKnown);
  const drawn = model.unit === "probability";
  return html`
    <p>${t("ui.learned.judged", { count: total.count })}${total.interval_coverage !== null && html` ${t("ui.learned.held", { share: percent(100 * total.interval_coverage) })}`}</p>
    <table>
      <thead><tr><th scope="col">${t("ui.learned.score")}</th><th scope="col">${t("ui.learned.shown")}</th><th scope="col">${t("ui.learned.naive")}</th></tr></thead>
      <tbody>${rows.map((each) => html`
        <tr key=${each.code}><th scope="row">${t(`ui.learned.${each.code}`)}</th><td>${each.shown}</td><td>${each.naive ?? t("ui.none")}</td></tr>`)}</tbody>
    </table>
    ${bins.length > 0 && drawn && html`<${Calibration} name=${t("ui.learned.calibration_of", { name })} bins=${bins} />`}
    ${bins.length > 0 && !drawn && html`
      <${Figures} summary=${t("ui.learned.by_tenth")} name=${t("ui.learned.tenths_of", { name })}
        head=${["predicted", "held_share", "judged_count"].map((each) => t(`ui.learned.${each}`))}
        rows=${bins.map((each) => [number(each.predicted), percent(100 * each.came), number(each.count)])} />`}`;
}

/** @param {Api["CalibrationBin"]} bin @returns {bin is Bin} */
const isKnown = (bin) => bin.count > 0 && bin.predicted !== null && bin.came !== null;

/** @param {string} unit @param {Api["ModelScores"]} total */
function scores(unit, total) {
  const one = (/** @type {Scored} */ code, /** @type {number} */ digits) => ({
    code, shown: orNull(total[code], digits), naive: orNull(total[/** @type {const} */ (`naive_${code}`)], digits),
  });
  if (unit === "probability") return [one("log_loss", 3), one("brier", 3), one("auc", 2), one("calibration_error", 3)];
  return [one("mae", 1)];
}

/** @param {number | null} value @param {number} digits */
const orNull = (value, digits) => (value === null || value === undefined ? null : number(value, digits));
