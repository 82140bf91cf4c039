/** What the models say of the learner, and how it adds up, exactly. */

import { html, Figures } from "../parts.js";
import { moment, number, percent, t } from "../words.js";
import { said } from "./course_parts.js";

const DIGITS = 3;
/** How the API says in which range a figure lies. */
const BINS = [
  { form: /^(\S+) to (\S+)$/, code: "ui.range" },
  { form: /^(\S+) or more$/, code: "ui.explained.or_more" },
  { form: /^less than (\S+)$/, code: "ui.explained.less_than" },
];

/** @param {{ body: Api["CourseLearner"], zone: string }} props */
export function Explained({ body, zone }) {
  const { not_passing: failing, next_missing: missing } = body.forecast;
  return html`
    <h4>${t("ui.explained.title")}</h4>
    <${Said} one=${failing} about="not_passing" body=${body} target="not_passing">
      ${t("ui.explained.not_passing", { percent: of(failing.probability) })}
      ${failing.course_base_rate !== null && html` ${t("ui.explained.base_rate", { percent: of(failing.course_base_rate) })}`}
    <//>
    ${missing.map((each, n) => html`
      <${Said} key=${each.assessment_id} one=${each} about="next_missing" body=${body} target=${n === 0 ? "next_missing" : null}>
        ${t("ui.explained.next_missing", { title: each.title ?? each.assessment_id, at: moment(each.due_at, zone), percent: of(each.probability) })}
        ${each.naive_probability !== null && html` ${t("ui.explained.naive", { percent: of(each.naive_probability) })}`}
      <//>`)}`;
}

/** One prediction, or why there is none. @param {{ one: Api["NotPassing"] | Api["NextMissing"], about: string, body: Api["CourseLearner"], target: string | null, children: Markup }} props */
function Said({ one, about, body, target, children }) {
  if (one.probability === null) {
    const why = one.note ? said(one.note) : t("ui.explained.empty");
    return html`<p class="note">${t("ui.explained.nothing", { model: t(`model.${about}`), why })}</p>`;
  }
  return html`<p>${children}</p>${target && html`<${Sum} body=${body} target=${target} />`}`;
}

/** The parts of a prediction, which add up to it. @param {{ body: Api["CourseLearner"], target: string }} props */
function Sum({ body, target }) {
  const { risk_explanations: all, risk_factors: factors } = body.forecast;
  const whole = all.find((each) => each.target === target);
  if (!whole) return null;
  const own = factors.filter((each) => each.target === target);
  const rows = [
    [t("ui.explained.intercept"), signed(whole.intercept)],
    ...own.map((each) => [said({ ...each, params: { ...each.params, value: bin(each.params.value) } }), signed(each.contribution)]),
    [t("ui.explained.rest"), signed(whole.other)],
    [t("ui.explained.sum"), signed(whole.logit)],
    [t("ui.explained.raw"), percent(100 * whole.raw_probability)],
    [t("ui.explained.calibrated"), percent(100 * whole.probability)],
  ];
  const name = t("ui.explained.adds_up", { model: t(`model.${target}`) });
  return html`
    <${Figures} summary=${name} name=${name} head=${[t("ui.explained.part"), t("ui.explained.log_odds")]} rows=${rows} />`;
}

/** @param {number | null} probability */
const of = (probability) => (probability === null ? t("ui.none") : percent(100 * probability));

/** With its sign, as parts are added. @param {number} value */
const signed = (value) => (value > 0 ? `+${number(value, DIGITS)}` : number(value, DIGITS));

/** A range of figures, as the reader writes it. @param {string | number} value */
function bin(value) {
  for (const { form, code } of BINS) {
    const found = form.exec(String(value));
    if (found) return t(code, { low: Number(found[1]), high: Number(found[2]) });
  }
  return Number.isNaN(Number(value)) ? value : Number(value);
}
