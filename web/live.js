/** Hints from the API that something has changed, for as long as the page is seen. */

import { signal } from "@preact/signals";

const WAIT_SECONDS = 2;
const WAIT_SECONDS_MAX = 60;

/** Whether hints come at the moment. */
export const live = signal(false);
/** @type {EventSource | null} */
let source = null;
let wait = WAIT_SECONDS;
let timer = 0;

/** Listen there, and say each hint; one that listens already goes on. @param {string} path @param {() => void} changed */
export function openStream(path, changed) {
  if (source || timer) return;
  const opened = new EventSource(path);
  source = opened;
  opened.addEventListener("open", () => {
    wait = WAIT_SECONDS;
    live.value = true;
  });
  opened.addEventListener("changed", () => changed());
  opened.addEventListener("error", () => {
    live.value = false;
    // A browser gives up for good where the answer is anything but a stream: that is tried anew.
    if (opened.readyState === EventSource.CLOSED && source === opened) later(path, changed);
  });
}

/** Listen no more. */
export function closeStream() {
  clearTimeout(timer);
  timer = 0;
  source?.close();
  source = null;
  live.value = false;
}

/** @param {string} path @param {() => void} changed */
function later(path, changed) {
  source = null;
  timer = window.setTimeout(() => {
    timer = 0;
    openStream(path, changed);
  }, wait * 1000);
  wait = Math.min(2 * wait, WAIT_SECONDS_MAX);
}
