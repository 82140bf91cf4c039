/** Who is signed in, and what is shown, kept fresh while somebody looks. */

import { signal } from "@preact/signals";
import * as api from "./api.js";
import { closeStream, live, openStream } from "./live.js";

const REFRESH_SECONDS = 10;
const LIVE_REFRESH_SECONDS = 60;
const SAY_SECONDS = 10;

/** undefined: not known yet; null: nobody is signed in. */
export const session = signal(/** @type {Api["Session"] | null | undefined} */ (undefined));
/** Why nobody is signed in, as a code of an error; null where nothing was tried. */
export const refused = signal(/** @type {string | null} */ (null));
/** Whether the last request was answered. */
export const connected = signal(true);
/** Counts the changes that are to be said aloud. */
export const changes = signal(0);
/** What is shown. */
export const shown = signal(/** @type {Reader | null} */ (null));
/** @type {Array<() => void>} */
const forgetting = [];
let saidAt = 0;
let timer = 0;

/** No answer yet. @template T @returns {Asking<T>} */
export const noAnswer = () => signal(/** @type {Answer<T>} */ ({ body: null, error: null }));

/** Sign in with the link's ticket, where it has one, and read what is shown first. @param {() => Promise<unknown>} open */
export async function start(open) {
  const ticket = takeTicket();
  try {
    if (ticket !== null) {
      session.value = await api.beginSession({ ticket });
      await open();
    } else {
      const opened = open(); // not after the session: what is shown first waits for one answer
      session.value = await api.showSession();
      await opened;
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

/** Show this from now on, and read it. @param {Reader} reader */
export function show(reader) {
  if (shown.value !== reader) {
    shown.value = reader;
    changes.value = 0;
    closeStream();
    watch();
  }
  return refresh();
}

/** Read what is shown once more, and say aloud where it has changed. */
export async function refresh() {
  const reader = shown.value;
  if (!reader) return;
  const before = reader.figures();
  await reader.read();
  const now = reader.figures();
  if (reader === shown.value && before !== "" && before !== now && Date.now() - saidAt > SAY_SECONDS * 1000) {
    saidAt = Date.now();
    changes.value += 1;
  }
}

/** Readings one at a time, so that no older answer comes last. @param {() => Promise<unknown>} read */
export function oneAtATime(read) {
  /** @type {Promise<unknown> | null} */
  let reading = null;
  /** @type {Promise<unknown> | null} */
  let next = null;
  /** @returns {Promise<unknown>} */
  const again = () => {
    if (!reading) {
      reading = read().finally(() => { reading = null; });
      return reading;
    }
    next ??= reading.then(() => {
      next = null;
      return again();
    });
    return next;
  };
  return again;
}

/** Put what is asked into its place, or why there is none. @template T @param {Promise<T>} asked @param {Asking<T>} answer */
export async function read(asked, answer) {
  try {
    answer.value = { body: await asked, error: null };
    connected.value = true;
  } catch (error) {
    answer.value = { body: answer.value.body, error: codeOf(error) };
    const status = statusOf(error);
    if (status === 401 && session.value) lost(error, true);
    else if (status === 0 || status >= 500) connected.value = false;
  }
}

/** Do this when somebody signs out, or another learner is shown. @param {() => void} forget */
export const onLeave = (forget) => void forgetting.push(forget);

/** Take everything that was read from the screen, and the session back; where that fails, it is said. */
export async function leave() {
  session.value = null;
  refused.value = null;
  for (const forget of forgetting) forget();
  await api.endSession().catch((error) => lost(error, true));
}

/** Show another learner of a demo. @param {string} learner */
export async function switchLearner(learner) {
  try {
    const next = await api.beginSession({ learner });
    closeStream();
    for (const forget of forgetting) forget();
    session.value = next;
    await refresh();
  } catch (error) {
    lost(error, true);
  }
}

/** Hear of changes while the page is seen: a hidden tab keeps no connection from those that are seen. */
function listen() {
  const stream = shown.value?.stream;
  if (session.value && stream && !document.hidden) openStream(stream, refresh);
  else closeStream();
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
