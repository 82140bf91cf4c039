/** How far the middle half of a course's learners is, and how well it scores. */

import { html, Block } from "../parts.js";
import { t } from "../words.js";
import { Quartiles } from "../charts/quartiles.js";

const FIGURES = /** @type {const} */ (["progress", "average_score"]);

/** @param {{ of: Course }} props */
export function Spread({ of }) {
  const answer = of.overview.value;
  const body = answer.body;
  return html`
    <${Block} id="spread" size="middle" answer=${answer} isEmpty=${body?.learners === 0}>
      ${body && FIGURES.map((each) => html`<${Half} key=${each} name=${t(`ui.spread.${each}`)} found=${body[each]} />`)}
    <//>`;
}

/** Of few learners nothing, as it would tell of single ones. @param {{ name: string, found: Api["Quartiles"] | null }} props */
function Half({ name, found }) {
  return html`
    <div class="part">
      <h3>${name}</h3>
      ${found === null ? html`<p class="note">${t("ui.spread.few")}</p>` : html`<${Quartiles} name=${name} found=${found} />`}
    </div>`;
}
