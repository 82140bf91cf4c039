/** Whom to contact first: a page of the course's learners, in an order that is said, held to filters. */

import { useEffect, useRef } from "preact/hooks";
import { html, Block, errorText } from "../parts.js";
import { number, percent, t } from "../words.js";
import { linkToCourse } from "../links.js";
import { refresh } from "../session.js";
import { A_WEEK, FILTERS, renew, turn } from "../teaching.js";
import { hold } from "./glance.js";
import { Paging, titleOfAlert } from "./course_parts.js";
import { Person } from "./person.js";

const SORTS = ["contact", "quiet", "progress", "score"];
const LIMITS = [A_WEEK, "10", "25", "50", "100"];
const SEVERITIES = ["low,medium,high", "medium,high", "high"];
const SILENT = ["3", "7", "14", "28"];
const SCORES = ["40", "50", "60", "70"];

/** @param {{ of: Course }} props */
export function Contact({ of }) {
  const list = of.list.value;
  const overview = of.overview.value.body;
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const page = of.trail.value.length;
  const before = useRef(page);
  useEffect(() => {
    if (before.current !== page) place.current?.focus();
    before.current = page;
  }, [page]);
  const asked = of.asked.value;
  const filters = FILTERS.filter((name) => name in asked);
  const limit = Number(asked.limit ?? A_WEEK);
  const refused = list.error === "invalid_parameter";
  return html`
    <${Block} id="contact" size="wide tall" answer=${{ body: true, error: null }}>
      <p tabindex="-1" ref=${place}>${t(`ui.contact.order_${SORTS.includes(asked.sort) ? asked.sort : SORTS[0]}`)}</p>
      <${Controls} of=${of} overview=${overview} limit=${limit} count=${filters.length} />
      ${filters.length > 0 && html`<${Held} of=${of} filters=${filters} overview=${overview} />`}
      ${overview?.with_attention === 0 && overview.learners > 0 && html`<p><span class="mark" aria-hidden="true">✓</span>${t("ui.contact.nobody")}</p>`}
      ${of.waiting.value && html`<p class="buttons" role="status">${t("ui.contact.waiting")}
        <button type="button" class="quiet" onClick=${() => renew(of)}>${t("ui.contact.renew")}</button></p>`}
      ${refused ? html`<p class="note">${t("ui.contact.refused")}</p>`
        : !list.body ? html`<p class="note rows" aria-busy=${!list.error}>${list.error ? errorText(list.error) : t("ui.loading")}</p>`
        : html`<${People} of=${of} body=${list.body} start=${(page - 1) * limit + 1} isFiltered=${filters.length > 0} />`}
      ${list.body && html`<${Paging} trail=${of.trail.value} next=${list.body.next_cursor} limit=${limit}
        turn=${(/** @type {string[]} */ trail) => { turn(of, trail); refresh(); }} />`}
    <//>`;
}

/** @param {{ of: Course, body: Api["CourseLearners"], start: number, isFiltered: boolean }} props */
function People({ of, body, start, isFiltered }) {
  if (body.items.length === 0) return html`<p class="note">${t(isFiltered ? "ui.contact.nobody_so" : "ui.contact.empty")}</p>`;
  return html`
    <ol class="plain people" start=${start}>${body.items.map((each, n) => html`
      <${Person} key=${each.user_id} of=${of} person=${each} place=${start + n} />`)}</ol>`;
}

/** Order, how many, and filters; each choice is asked for at once. @param {{ of: Course, overview: Api["CourseOverview"] | null, limit: number, count: number }} props */
function Controls({ of, overview, limit, count }) {
  const asked = of.asked.value;
  const choose = (/** @type {string} */ name, /** @type {string} */ value) => {
    const { [name]: _, ...rest } = asked;
    location.hash = linkToCourse(of.id, value === "" ? rest : { ...rest, [name]: value });
  };
  const rules = (overview?.categories ?? []).map((each) =>
    [each.category, t("ui.contact.rule", { title: titleOfAlert(each), number: each.learners })]);
  const due = (overview?.assessments ?? []).map((each) => [each.assessment_id, each.title ?? each.assessment_id]);
  const choice = (/** @type {string} */ name, /** @type {string[][]} */ values, /** @type {string | null} */ any = t("ui.contact.any")) => html`
    <${Choice} name=${t(`ui.contact.by_${name}`)} value=${asked[name] ?? ""} values=${any === null ? values : [["", any], ...values]}
      choose=${(/** @type {string} */ value) => choose(name, value)} />`;
  return html`
    <div class="controls">
      ${choice("sort", SORTS.map((each) => [each === SORTS[0] ? "" : each, t(`ui.contact.sort_${each}`)]), null)}
      ${choice("limit", LIMITS.map((each) => [each === A_WEEK ? "" : each, t("ui.contact.a_week", { count: Number(each) })]), null)}
    </div>
    <details open=${count > 0}>
      <summary>${t("ui.contact.filters", { number: number(count) })}</summary>
      <div class="controls">
        ${choice("severity", SEVERITIES.map((each) => [each, t(`ui.contact.severity_${each.split(",")[0]}`)]))}
        ${choice("category", rules)}
        ${choice("quiet_days_min", SILENT.map((each) => [each, t("ui.contact.days", { count: Number(each) })]))}
        ${choice("score_max", SCORES.map((each) => [each, percent(Number(each))]))}
        ${choice("not_submitted", due)}
      </div>
    </details>`;
}

/** A choice among values; one that came by the address and is none of them is among them too. @param {{ name: string, value: string, values: string[][], choose: (value: string) => void }} props */
function Choice({ name, value, values, choose }) {
  const known = values.some(([each]) => each === value);
  return html`
    <label>${name}
      <select onChange=${(/** @type {Chosen} */ event) => choose(event.target.value)}>
        ${[...values, ...(known ? [] : [[value, value]])].map(([each, text]) => html`
          <option key=${each} value=${each} selected=${each === value}>${text}</option>`)}
      </select></label>`;
}

/** What the list is held to, each with a way out. @param {{ of: Course, filters: string[], overview: Api["CourseOverview"] | null }} props */
function Held({ of, filters, overview }) {
  const asked = of.asked.value;
  const without = (/** @type {string} */ name) => hold(of, Object.fromEntries(
    filters.filter((each) => each !== name).map((each) => [each, asked[each]])));
  return html`
    <ul class="plain buttons" aria-label=${t("ui.contact.held")}>
      ${filters.map((name) => html`
        <li key=${name}><button type="button" class="quiet" onClick=${() => without(name)}>
          <bdi>${heldTo(name, asked[name], overview)}</bdi> <span aria-hidden="true">✕</span><span class="unseen">${t("ui.contact.not_held")}</span></button></li>`)}
    </ul>`;
}

/** @param {string} name @param {string} value @param {Api["CourseOverview"] | null} overview */
function heldTo(name, value, overview) {
  if (name === "severity") return t(`ui.contact.severity_${value.split(",")[0]}`) || value;
  if (name === "category") return titleOfAlert({ category: value, title: value });
  if (name === "quiet_days_min") return t("ui.contact.silent_for", { count: Number(value) });
  if (name === "not_submitted") {
    const found = overview?.assessments.find((each) => each.assessment_id === value);
    return t("ui.contact.without", { title: found?.title ?? value });
  }
  return t(`ui.contact.held_${name}`, { percent: Number.isNaN(Number(value)) ? value : percent(Number(value)) });
}
