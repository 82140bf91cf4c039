/** What several blocks of a course are made of. */

import { html } from "../parts.js";
import { date, day, number, percent, t } from "../words.js";

/** When a course runs, and whether it does. @param {Api["CourseItem"] | Api["CourseOverview"]} course */
export function runs(course) {
  const status = t(`ui.course.${course.course_status}`);
  const { starts_on: from, ends_on: to } = course;
  const dates = from !== null && to !== null ? t("ui.course.from_to", { from: dated(from), to: dated(to) })
    : from !== null ? t("ui.course.from", { from: dated(from) })
    : to !== null ? t("ui.course.to", { to: dated(to) })
    : t("ui.course.undated");
  return `${status} · ${dates}`;
}

/** A date with its year, as courses come back. @param {string} text YYYY-MM-DD */
const dated = (text) => day(`${text}T00:00:00Z`, "UTC");

/**
 * Forward, and back, a page at a time; nothing where one page is all.
 * @param {{ trail: string[], next: string | null | undefined, limit: number, turn: (trail: string[]) => void }} props
 */
export function Paging({ trail, next, limit, turn }) {
  if (trail.length === 1 && !next) return null;
  return html`
    <p class="buttons">
      ${trail.length > 1 && html`<button type="button" class="quiet" onClick=${() => turn(trail.slice(0, -1))}>${t("ui.paging.back", { limit })}</button>`}
      ${next && html`<button type="button" class="quiet" onClick=${() => turn([...trail, next])}>${t("ui.paging.next", { limit })}</button>`}
    </p>`;
}

/** A figure with its unit. @param {number | null} value @param {string} unit */
export function figure(value, unit) {
  if (value === null) return t("ui.unknown");
  if (unit === "percent") return percent(value);
  return t(`ui.unit.${unit}`, { count: value }) || number(value);
}

/** Help of a kind, in a word. @param {string} kind */
export const helpOf = (kind) => t(`ui.help.${kind}`) || kind;

/** The title of an alert's rule; what the API says where the rule is new to the page. @param {{ category: string, title: string }} alert */
export const titleOfAlert = (alert) => t(`alert.${alert.category}.title`, {}, alert.title);

/** @param {Api["Text"]} message */
export const said = (message) => t(message.code, message.params, message.text);

/** A day as a date in the course's zone. @param {string} at @param {string | undefined} zone */
export const dayOf = (at, zone) => day(at, zone ?? "UTC");

/** The date so many days before an instant, by the zone's calendar. @param {string} at @param {string} zone @param {number} days */
export function dayBefore(at, zone, days) {
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date(at)); // as YYYY-MM-DD
  return date(new Date(Date.parse(today) - days * 86_400_000).toISOString().slice(0, 10));
}
