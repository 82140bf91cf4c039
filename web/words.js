/** Every text of a screen: by its code from a catalogue, with numbers and dates as the reader writes them. */

import { signal } from "@preact/signals";

/** The languages that there is a catalogue of, each by its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "language";
const MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December";
const DATED = new RegExp(`^(\\d{1,2}) (${MONTHS})$`);
const NAMED_DUE = new RegExp(`\\bdue (\\d{1,2}) (${MONTHS})(\\)?)$`);
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The language that is shown, once its catalogue is there. */
export const language = signal("");
/** The parts of the catalogue that are needed: its own, and those of views that are opened later. */
const parts = new Set([""]);
/** @type {Record<string, string>} */
let catalogue = {};
/** @type {string} */
let locale = "en";

/** The reader's language: as chosen before, else the browser's first that there is a catalogue of. */
export function readersLanguage() {
  const kept = keptLanguage();
  if (kept in LANGUAGES) return kept;
  return navigator.languages.map((each) => each.split("-")[0]).find((each) => each in LANGUAGES) ?? "en";
}

/**
 * Show this language from now on.
 * @param {string} name
 * @param {boolean} keep whether it was chosen, and is to be chosen next time
 */
export async function speak(name, keep = false) {
  const found = await Promise.all([...parts].map((part) => load(part, name)));
  catalogue = Object.assign({}, ...found);
  locale = navigator.languages.find((each) => each.split("-")[0] === name) ?? name;
  document.documentElement.lang = name;
  if (keep) keepLanguage(name);
  language.value = name;
}

/** Have the texts of a view that is opened later, in whatever language. @param {string} part */
export async function addWords(part) {
  if (parts.has(part)) return;
  const name = language.value;
  const found = await load(part, name);
  parts.add(part);
  if (name === language.value) catalogue = { ...catalogue, ...found };
  else await speak(language.value); // another was chosen meanwhile
}

/** @param {string} part @param {string} name @returns {Promise<Record<string, string>>} */
async function load(part, name) {
  const response = await fetch(new URL(`words/${part}${name}.json`, import.meta.url));
  return response.json();
}

/**
 * The text of a code in the language that is shown. With `count` among the parameters, the form of its number.
 * @param {string} code
 * @param {Params} [params]
 * @param {string} [otherwise] what the API says of a code that this page does not know yet
 * @returns {string}
 */
export function t(code, params = {}, otherwise = "") {
  void language.value; // whoever says something is asked again in another language
  const text = catalogue[form(code, params)] ?? catalogue[code];
  if (text === undefined || (otherwise && !isWhole(text, params))) return otherwise;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? shown(params[name]) : whole));
}

/** Whether all is there that a text speaks of: an older message may know less. @param {string} text @param {Params} params */
const isWhole = (text, params) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => name in params);

/** @param {string} code @param {Params} params */
function form(code, params) {
  if (typeof params.count !== "number") return code;
  return `${code}.${new Intl.PluralRules(locale).select(params.count)}`;
}

/** A parameter as the reader writes it. @param {unknown} value */
function shown(value) {
  if (typeof value === "number") return number(value);
  const text = String(value);
  if (DATE.test(text)) return date(text);
  const day = DATED.exec(text);
  if (day) return dayMonth(day);
  const said = text.replace(NAMED_DUE, (_, ...parts) =>
    t("ui.named.due", { date: dayMonth(["", parts[0], parts[1]]) }) + parts[2]);
  return RIGHT_TO_LEFT.test(said) ? `\u2068${said}\u2069` : said;
}

/** A day of a text of the API, "5 June", which has no year. @param {ArrayLike<string>} day */
function dayMonth(day) {
  const at = new Date(Date.UTC(2024, MONTHS.split("|").indexOf(day[2]), Number(day[1])));
  return format({ day: "numeric", month: "long", timeZone: "UTC" }, at);
}

/** @param {number} value @param {number} [digits] after the point, at most */
export function number(value, digits = 1) {
  void language.value;
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

/** A share of a hundred, in whole percents: more is not known of most. @param {number} value */
export function percent(value) {
  void language.value;
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(value / 100);
}

/** A local date, YYYY-MM-DD. @param {string} text @param {"short" | "long"} [month] */
export const date = (text, month = "long") =>
  format({ day: "numeric", month, timeZone: "UTC" }, new Date(`${text}T00:00:00Z`));

/** An instant in the learner's zone. @param {string} at @param {string | undefined} zone the browser's, if undefined */
export const moment = (at, zone) =>
  format({ weekday: "short", day: "numeric", month: "long", hour: "numeric", minute: "2-digit", timeZone: zone },
    new Date(at));

/** @param {string} at @param {string | undefined} zone */
export const clock = (at, zone) =>
  format({ hour: "numeric", minute: "2-digit", timeZone: zone }, new Date(at));

/** @param {string} at @param {string | undefined} zone */
export const day = (at, zone) =>
  format({ day: "numeric", month: "long", year: "numeric", timeZone: zone }, new Date(at));

/** @param {number} monday 1 is Monday @param {"short" | "long"} [width] */
export const weekday = (monday, width = "long") =>
  format({ weekday: width, timeZone: "UTC" }, new Date(Date.UTC(2024, 0, monday)));

/** An hour of the day. @param {number} hour */
export const hour = (hour) =>
  format({ hour: "numeric", minute: "2-digit", timeZone: "UTC" }, new Date(Date.UTC(2024, 0, 1, hour)));

/** How far an instant is from another, in the largest unit that fits. @param {string} at @param {string} now */
export function apart(at, now) {
  void language.value;
  const minutes = Math.round((Date.parse(at) - Date.parse(now)) / 60000);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
  if (Math.abs(minutes) < 48 * 60) return relative.format(Math.round(minutes / 60), "hour");
  return relative.format(Math.round(minutes / 1440), "day");
}

/** @param {string[]} parts */
export function list(parts) {
  void language.value;
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(parts);
}

/** @param {Intl.DateTimeFormatOptions} options @param {Date} at */
function format(options, at) {
  void language.value;
  return new Intl.DateTimeFormat(locale, options).format(at);
}

function keptLanguage() {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // storage may be switched off
  }
}

/** @param {string} name */
function keepLanguage(name) {
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // it is asked for again next time
  }
}
