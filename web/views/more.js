/** All that is known of an opened learner in this course: alerts with evidence, help, work, forecast, history. */

import { html, Figures, MARKS, Table, errorText } from "../parts.js";
import { moment, number, percent, t } from "../words.js";
import { dayBefore, dayOf, figure, said, titleOfAlert } from "./course_parts.js";
import { Helping } from "./helping.js";
import { Explained } from "./explained.js";
import { WhyAlert } from "./why_alert.js";

const EVIDENCE = ["evidence", "value", "baseline", "threshold"];

/** @param {{ of: Course, person: Api["CourseLearnerItem"] }} props */
export function More({ of, person }) {
  const answer = of.learner.value;
  const body = answer.body;
  if (!body) return html`<p class="note await" aria-busy=${!answer.error}>${answer.error ? errorText(answer.error) : t("ui.loading")}</p>`;
  const id = String(person.user_id);
  const zone = of.reader.zone() ?? "UTC";
  return html`
    <h4>${t("ui.more.alerts")}</h4>
    ${body.alerts.length === 0 ? html`<p class="note">${t("ui.more.no_alerts")}</p>` : html`
      <ul class="plain cards">${body.alerts.map((each) => html`
        <${Alert} key=${each.id} of=${of} user=${id} alert=${each} zone=${zone} />`)}</ul>`}
    <${Helping} of=${of} user=${id} body=${body} zone=${zone} />
    <${Work} body=${body} zone=${zone} />
    <${Days} body=${body} zone=${zone} />
    <${Explained} body=${body} zone=${zone} />
    <${History} items=${body.alert_history} zone=${zone} />`;
}

/** An open alert: what was seen, what is usual, and where the bar lies. @param {{ of: Course, user: string, alert: Api["CourseAlert"], zone: string }} props */
function Alert({ of, user, alert, zone }) {
  const title = titleOfAlert(alert);
  return html`
    <li>
      <p><span class=${`mark ${alert.severity}`} aria-hidden="true">${MARKS[alert.severity] ?? "●"}</span><b>${title}</b>
        ${" "}<span class="note">${t(`ui.more.severity_${alert.severity}`) || alert.severity} · ${t("ui.person.since", { date: dayOf(alert.since, zone) })}</span></p>
      <p>${said(alert.message)}</p>
      ${alert.evidence.length > 0 && html`
        <${Table} name=${t("ui.more.evidence_of", { title })} head=${EVIDENCE.map((each) => t(`ui.more.${each}`))}
          rows=${alert.evidence.map((each) => [t(`ui.feature.${each.feature}`) || each.feature,
            figure(each.value, each.unit), figure(each.baseline, each.unit), figure(each.threshold, each.unit)])} />`}
      <${WhyAlert} of=${of} user=${user} id=${alert.id} title=${title} zone=${zone} />
    </li>`;
}

/** The assignments as they stand for the learner. @param {{ body: Api["CourseLearner"], zone: string }} props */
function Work({ body, zone }) {
  const rows = body.assessments.map((each) => [
    each.title ?? each.assessment_id,
    each.due_at === null ? t("ui.none") : moment(each.due_at, zone),
    each.submitted_at !== null ? dayOf(each.submitted_at, zone) : t(`ui.more.${awaited(each, body.timestamp)}`),
    each.score === null ? t("ui.none") : percent(each.score),
    each.expected === null ? t("ui.unknown") : percent(each.expected),
  ]);
  if (rows.length === 0) return html`<h4>${t("ui.more.work")}</h4><p class="note">${t("ui.submissions.empty")}</p>`;
  const head = ["assessment", "due", "submitted", "score", "expected"].map((each) => t(`ui.more.${each}`));
  return html`<h4>${t("ui.more.work")}</h4><${Table} name=${t("ui.more.work")} head=${head} rows=${rows} />`;
}

/** What is said of work of which nothing has come. @param {Api["CourseWork"]} work @param {string} now */
function awaited(work, now) {
  if (work.excused) return "excused";
  return work.due_at !== null && work.due_at <= now ? "not_submitted" : "not_yet";
}

/** The figures of the row's two drawings. @param {{ body: Api["CourseLearner"], zone: string }} props */
function Days({ body, zone }) {
  const name = t("ui.more.days");
  const rows = body.days.map((done, n) =>
    [dayBefore(body.timestamp, zone, body.days.length - 1 - n), number(done)]);
  return html`<${Figures} summary=${name} name=${name} head=${[t("ui.date"), t("ui.activities")]} rows=${rows} />`;
}

/** Every alert that instructors were told of, and how it ended. @param {{ items: Api["PastAlert"][], zone: string }} props */
function History({ items, zone }) {
  if (items.length === 0) return null;
  return html`
    <h4>${t("ui.more.history")}</h4>
    <ul class="plain cards">${items.map((each) => html`
      <li key=${each.id}>
        <p><b>${titleOfAlert(each)}</b> <span class="note">${dayOf(each.raised_at, zone)} · ${ended(each, zone)}</span></p>
        <p>${said(each.message)}</p>
      </li>`)}</ul>`;
}

/** @param {Api["PastAlert"]} alert @param {string} zone */
function ended(alert, zone) {
  if (alert.state === "expired") return t("ui.messages.expired");
  if (alert.resolved_at === null) return t("ui.more.open");
  const at = { at: moment(alert.resolved_at, zone) };
  return t(`ui.more.ended_${alert.resolution}`, at) || t("ui.messages.ended", at);
}
