// @ts-check
/** What the page knows: the session and the API's answers, kept fresh while somebody looks. */

import { signal } from "@preact/signals";
import * as api from "./api.js";
import { closeStream, live, openStream } from "./live.js";

/**
 * An answer: none yet, one, or why there is none. `body` stays when a later request fails.
 * @typedef {{ body: any, error: string | null }} Answer
 */

const REFRESH_SECONDS = 10;
const LIVE_REFRESH_SECONDS = 60;
const SAY_SECONDS = 10;

/** undefined: not known yet; null: nobody is signed in. */
export const session = signal(/** @type {any} */ (undefined));
/** Why nobody is signed in, as a code of an error; null where nothing was tried. */
export const refused = signal(/** @type {string | null} */ (null));
/** Whether the last request was answered. */
export const connected = signal(true);
/** Counts the changes that are to be said aloud. */
export const changes = signal(0);

export const dashboard = signal(/** @type {Answer} */ ({ body: null, error: null }));
export const predictions = signal(/** @type {Answer} */ ({ body: null, error: null }));
export const alerts = signal(/** @type {Answer} */ ({ body: null, error: null }));
export const patterns = signal(/** @type {Answer} */ ({ body: null, error: null }));

const PAGES = [
  { name: "real-time-dashboard", answer: dashboard },
  { name: "predictive-analytics", answer: predictions },
  { name: "performance-alerts?limit=20", answer: alerts },
];
let saidAt = 0;
let timer = 0;
/** @type {Promise<void> | null} */
let reading = null;
/** @type {Promise<void> | null} */
let next = null;

/** Sign in with the link's ticket, where it has one, and read what is shown first. */
export async function start() {
  const ticket = takeTicket();
  try {
    if (ticket !== null) {
      session.value = await api.beginSession(ticket);
      await refresh();
    } else {
      const read = refresh(); // not after the session: what is shown first waits for one answer
      session.value = await api.showSession();
      await read;
    }
  } catch (error) {
    lost(error, ticket !== null);
  }
  document.addEventListener("visibilitychange", () => {
    watch();
    if (!document.hidden && session.value) refresh();
  });
  live.subscribe(watch);
  session.subscribe(listen);
}

/** Hear of changes while the page is seen: a hidden tab keeps no connection from those that are seen. */
function listen() {
  if (session.value && !document.hidden) openStream(refresh);
  else closeStream();
}

/** Take everything that was read from the screen, and the session back; where that fails, it is said. */
export async function leave() {
  session.value = null;
  refused.value = null;
  for (const each of [dashboard, predictions, alerts, patterns]) each.value = { body: null, error: null };
  await api.endSession().catch((error) => lost(error, true));
}

/** Read all that is shown once more; one reading at a time, so that no older answer comes last. */
export function refresh() {
  if (!reading) {
    reading = readAll().finally(() => { reading = null; });
    return reading;
  }
  next ??= reading.then(() => {
    next = null;
    return refresh();
  });
  return next;
}

async function readAll() {
  const before = figures();
  await Promise.all(PAGES.map(({ name, answer }) => read(name, answer)));
  if (before !== "" && before !== figures() && Date.now() - saidAt > SAY_SECONDS * 1000) {
    saidAt = Date.now();
    changes.value += 1;
  }
}

/** Read the patterns, which nobody waits for. */
export const readPatterns = () => read("trend-analysis?type=patterns&period=90", patterns);

/** @param {string} name @param {import("@preact/signals").Signal<Answer>} answer */
async function read(name, answer) {
  try {
    answer.value = { body: await api.page(name), error: null };
    connected.value = true;
  } catch (error) {
    answer.value = { body: answer.value.body, error: codeOf(error) };
    if (statusOf(error) === 401 && session.value) lost(error, true);
    else if (statusOf(error) !== 401) connected.value = false;
  }
}

/** Ask again while the page is seen, and not while it is hidden; less often where hints come. */
function watch() {
  clearInterval(timer);
  listen();
  if (document.hidden) return;
  const seconds = live.value ? LIVE_REFRESH_SECONDS : REFRESH_SECONDS;
  timer = window.setInterval(() => session.value && refresh(), seconds * 1000);
}

/** @param {unknown} error @param {boolean} said whether the reader expected to be signed in */
function lost(error, said) {
  refused.value = said || statusOf(error) !== 401 ? codeOf(error) : null;
  session.value = null;
}

/** What the dashboard says, without what moves by itself. */
function figures() {
  const body = dashboard.value.body;
  if (!body) return "";
  return JSON.stringify([body.realtime_metrics, body.progress_summary, body.goals]);
}

/** The ticket of the link; the address is cleared of it, so that nobody finds it in a history. */
function takeTicket() {
  const found = /^#ticket=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", location.pathname);
  return found[1];
}

/** @param {unknown} error */
export const codeOf = (error) => (error instanceof api.AskError ? error.code : "other");
/** @param {unknown} error */
const statusOf = (error) => (error instanceof api.AskError ? error.status : 0);
