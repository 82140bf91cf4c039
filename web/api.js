/** Requests to the API: each gives an answer or an error that has a code, and never a browser's own words. */

export const PROGRESS = "/api/v1/progress/";
const SESSION = "/api/v1/session";
export const JSON_TYPE = { "Content-Type": "application/json" };
const SECONDS_MAX = 20;

/** What went wrong, by a code that the catalogue has a sentence for. */
export class AskError extends Error {
  /** @param {string} code @param {number} status 0 where nothing came back */
  constructor(code, status) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/**
 * The JSON that a request is answered with; null where there is none.
 * @template {string} P @template {Sent} [S={}] @param {Address<P>} path @param {S} [init]
 * @returns {Promise<Answered<P, S>>}
 */
export async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(SECONDS_MAX * 1000) });
  } catch {
    throw new AskError("network", 0);
  }
  if (response.ok) return read(response);
  const problem = await read(response).catch(() => null);
  throw new AskError(typeof problem?.code === "string" ? problem.code : "other", response.status);
}

/** What stands in it, which nobody knows before it is there. @param {Response} response @returns {Promise<any>} */
async function read(response) {
  try {
    return response.status === 204 ? null : await response.json();
  } catch {
    throw new AskError("network", response.status);
  }
}

/** Who is signed in; an AskError with status 401 where nobody is. */
export const showSession = () => ask(SESSION);

/** @param {Api["SessionBody"]} by the link's ticket, or another learner of a demo */
export const beginSession = (by) =>
  ask(SESSION, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(by) });

export const endSession = () => ask(SESSION, { method: "DELETE" });

/** @param {string} id of the alert */
export const acknowledge = (id) =>
  ask(`${PROGRESS}performance-alerts/${encodeURIComponent(id)}/acknowledge`, {
    method: "POST",
    headers: JSON_TYPE,
  });

/** @param {string} id of the alert @param {Api["FeedbackBody"]["value"]} value */
export const giveFeedback = (id, value) =>
  ask(`${PROGRESS}performance-alerts/${encodeURIComponent(id)}/feedback`, {
    method: "POST",
    headers: JSON_TYPE,
    body: JSON.stringify({ value }),
  });

/** @param {Api["PreferencesBody"]} preferences all of them */
export const setPreferences = (preferences) =>
  ask(`${PROGRESS}performance-alerts/preferences`, {
    method: "PUT",
    headers: JSON_TYPE,
    body: JSON.stringify(preferences),
  });

/** @param {string} id @param {Api["GoalBody"]} goal */
export const setGoal = (id, { metric, target, course_id, due_at }) =>
  ask(`${PROGRESS}goals/${encodeURIComponent(id)}`, {
    method: "PUT",
    headers: JSON_TYPE,
    body: JSON.stringify({ metric, target, course_id, due_at }),
  });

/** @param {string} id of the goal */
export const removeGoal = (id) => ask(`${PROGRESS}goals/${encodeURIComponent(id)}`, { method: "DELETE" });
