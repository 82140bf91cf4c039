/** One learner in the list: who, why, and how the work, the scores and the progress went; more is opened. */

import { html, MARKS } from "../parts.js";
import { date, list, number, percent, t } from "../words.js";
import { linkToLearner } from "../links.js";
import { toggle } from "../teaching.js";
import { Bar } from "../charts/bar.js";
import { Spark } from "../charts/spark.js";
import { Strip } from "../charts/strip.js";
import { dayOf, helpOf, said } from "./course_parts.js";
import { More } from "./more.js";

/** @param {{ of: Course, person: Api["CourseLearnerItem"], place: number }} props */
export function Person({ of, person, place }) {
  const id = String(person.user_id);
  const isOpen = of.opened.value === id;
  const zone = of.reader.zone();
  const address = linkToLearner(of.id, id);
  return html`
    <li class="person">
      <h3><span class="place">${number(place)}.</span> <bdi>${address === null ? id
        : html`<a href=${linkToLearner(of.id, id)}>${id}</a>`}</bdi></h3>
      <div class="why"><${Why} person=${person} zone=${zone} /></div>
      <div><${Strip} days=${person.days} /><p class="note">${work(person)}</p></div>
      <div>${person.scores.length > 0 && html`<${Spark} scores=${person.scores} mean=${person.average_score} />`}
        <p class="note">${scores(person)}</p></div>
      <div>${person.progress !== null && html`<${Bar} value=${person.progress} mark=${of.overview.value.body?.expected_progress ?? null} />`}
        <p class="note">${progress(person, of.overview.value.body?.expected_progress ?? null)}</p></div>
      <p class="note tried">${tried(person, zone)}</p>
      <p><button type="button" class="quiet" aria-expanded=${isOpen} aria-controls=${`more-${place}`} onClick=${() => toggle(of, id)}>
        ${t(isOpen ? "ui.person.less" : "ui.person.more")}<span class="unseen"> ${t("ui.person.about", { id })}</span></button></p>
      <div id=${`more-${place}`} class="more">${isOpen && html`<${More} of=${of} person=${person} />`}</div>
    </li>`;
}

/** Why the learner stands here: what is likely, what is open and since when. @param {{ person: Api["CourseLearnerItem"], zone: string | undefined }} props */
function Why({ person, zone }) {
  const { attention, reason } = person;
  const others = (attention?.alerts.length ?? 0) - 1;
  return html`
    ${reason === "next_missing" && html`<p>${t("ui.person.next_missing", { percent: percent(100 * (person.next_missing ?? 0)) })}</p>`}
    ${reason === "not_passing" && html`<p>${t("ui.person.not_passing", { percent: percent(100 * (person.not_passing ?? 0)) })}</p>`}
    ${attention && html`
      <p><span class=${`mark ${attention.severity}`} aria-hidden="true">${MARKS[attention.severity] ?? "●"}</span>
        ${attention.alerts.length > 0 ? said(attention.alerts[0].message) : t(`ui.person.open_${attention.severity}`)}</p>
      <p class="note">${t("ui.person.since", { date: dayOf(attention.since, zone) })}${others > 0 && html` · ${t("ui.person.others", { count: others })}`}</p>`}
    ${reason === "none" && !attention && html`<p>${t("ui.person.nothing")}</p>`}`;
}

/** @param {Api["CourseLearnerItem"]} person */
function work(person) {
  if (person.last_work_on === null) return t("ui.person.never");
  const days = person.days.filter((each) => each > 0).length;
  const worked = t("ui.person.worked", { count: days, days: person.days.length });
  return `${worked}; ${t("ui.person.last", { date: date(person.last_work_on) })}`;
}

/** @param {Api["CourseLearnerItem"]} person */
function scores(person) {
  if (person.average_score === null) return t("ui.person.no_scores");
  return t("ui.person.scores", { last: percent(person.scores[person.scores.length - 1]), mean: percent(person.average_score), count: person.score_count });
}

/** @param {Api["CourseLearnerItem"]} person @param {number | null} expected */
function progress(person, expected) {
  if (person.progress === null) return t("ui.person.no_progress");
  const done = { done: percent(person.progress) };
  return expected === null ? t("ui.courses.done", done) : t("ui.courses.done_of", { ...done, expected: percent(expected) });
}

/** @param {Api["CourseLearnerItem"]} person @param {string | undefined} zone */
function tried(person, zone) {
  if (person.helped === null) return t("ui.person.not_tried");
  const known = { kinds: list([...new Set(person.helped.kinds.map(helpOf))]), date: dayOf(person.helped.at, zone) };
  const tried = t("ui.person.tried", known);
  return person.helped.recently ? `${tried} ${t("ui.person.comes_last")}` : tried;
}
