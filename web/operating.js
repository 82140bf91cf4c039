/** What the operators' view knows: how the stack stands, what was rejected, the models, and the last half hour. */

import { signal } from "@preact/signals";
import { ask } from "./api.js";
import { noAnswer, oneAtATime, onLeave, read } from "./session.js";

const OPERATIONS = "/api/v1/operations";
export const KEPT_MINUTES = 30;

/** @type {Asking<Api["Operations"]>} */
export const operations = noAnswer();
/** @type {Asking<Api["DeadLetters"]>} */
export const letters = noAnswer();
/** @type {Asking<Api["ModelsReport"]>} */
export const models = noAnswer();

/** What this page has read in the last half hour, the oldest first: nobody else keeps it. */
export const readings = signal(/** @type {Reading[]} */ ([]));

/** @type {Reader} */
const OPERATING = {
  read: oneAtATime(() => Promise.all([readOperations(), read(ask(`${OPERATIONS}/dead-letters`), letters),
    read(ask("/api/v1/models"), models)])),
  stream: null, // a stack that is not well may have no hints to give: it is asked
  opening: () => operations.value.body && {
    timestamp: operations.value.body.timestamp, degraded: [], freshness: { clock: "wall", lag_seconds: 0 },
  },
  zone: () => undefined,
  changed: "ui.operations.changed",
  figures,
};

/** There is one of them, whatever the address asks. */
export const readerOf = () => OPERATING;

onLeave(() => {
  for (const each of [operations, letters, models]) each.value = { body: null, error: null };
  readings.value = [];
});

async function readOperations() {
  await read(ask(OPERATIONS), operations);
  const { body, error } = operations.value;
  if (body && error === null) keep(body);
}

/** @param {Api["Operations"]} body */
function keep(body) {
  const at = Date.parse(body.timestamp);
  const before = readings.value.filter((each) => each.at < at && at - each.at <= KEPT_MINUTES * 60_000);
  const partitions = body.partitions.map((each) => ({
    partition: each.partition, lag: each.lag_known ? each.lag_seconds : null, seen: each.events + each.rejected,
  }));
  readings.value = [...before, { at, partitions }];
}

/** Events a second of a partition between the last two readings; null where there are not two, or it began anew. @param {number} partition */
export function rateOf(partition) {
  const [before, now] = readings.value.slice(-2);
  if (!before || !now) return null;
  const seen = [before, now].map((each) => each.partitions.find((one) => one.partition === partition)?.seen);
  if (seen[0] === undefined || seen[1] === undefined || seen[1] < seen[0]) return null;
  return (seen[1] - seen[0]) / ((now.at - before.at) / 1000);
}

/** What is worth saying aloud where it changes: what is wrong, and not by how much. */
function figures() {
  const body = operations.value.body;
  if (!body) return "";
  const halted = body.partitions.filter((each) => each.halted).map((each) => each.partition);
  return JSON.stringify([body.reasons.map((each) => each.code), halted]);
}
