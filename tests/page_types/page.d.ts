/**
 * The types that the scripts of the page share, by which they are checked (`make page-types`).
 * They are global, as the scripts name them in comments: nothing of this file is served.
 */

/** Every schema of the API's document by its name: `Api["Alert"]`. */
type Api = import("../../build/page_types/api").components["schemas"];
type Paths = import("../../build/page_types/api").paths;

type Signal<T> = import("@preact/signals").Signal<T>;
/** What `html` makes, and whatever else can stand in it. */
type Markup = import("preact").ComponentChildren;

/** What was asked for: nothing yet, an answer, or why there is none. `body` stays when a later request fails. */
type Answer<T> = { body: T | null; error: string | null };
type Asking<T> = Signal<Answer<T>>;
/** A part of an answer that may have too little to say. */
type Section = { status: Api["SectionState"]; missing?: Api["Missing"][] };
/** What stands in a text. */
type Params = Record<string, unknown>;

/** What a view needs. */
type Reader = {
  /** Ask for all of it. */
  read: () => Promise<unknown>;
  /** Where hints come from, if there are any. */
  stream: string | null;
  /** The answer that says how old all of it is. */
  opening: () => Opening | null;
  zone: () => string | undefined;
  /** By which code it is said aloud that something has changed. */
  changed: string;
  /** What of it is worth saying aloud where it changes; empty before it is there. */
  figures: () => string;
};
type Opening = {
  timestamp: string;
  degraded: string[];
  freshness: { clock: Api["ClockMode"]; lag_seconds: number };
};

/** What the address names. */
type Route = { view: View; course: string | null; asked: Asked };
type View = "learner" | "instructor" | "operator";
/** Order and filters of a list, as its address has them. */
type Asked = Record<string, string>;

/** A view's part of the page, which is loaded once it is asked for. */
type Part = {
  View: () => Markup;
  titleOf: (course: string | null) => string;
};

/** A course that is shown, with its page of learners and the one that is opened. */
type Course = {
  id: string;
  path: `/api/v1/courses/${string}`;
  overview: Asking<Api["CourseOverview"]>;
  list: Asking<Api["CourseLearners"]>;
  /** What the list would be, while it stands still because a learner is opened; null: no other. */
  waiting: Signal<Answer<Api["CourseLearners"]> | null>;
  asked: Signal<Asked>;
  /** The cursors of the pages up to the one that is shown. */
  trail: Signal<string[]>;
  opened: Signal<string | null>;
  learner: Asking<Api["CourseLearner"]>;
  reader: Reader;
};

/** A part that is loaded later, with its texts and its style; undefined until then, null where that failed. */
type Later = {
  part: Signal<Part | null | undefined>;
  load: () => Promise<Part>;
  reader: () => Promise<{ readerOf: (route: Route) => Reader }>;
  words: string[];
  style: string;
  modules: string[];
  loading: Promise<Part | null | undefined> | null;
};

/** How far behind each partition was at a moment, and how many records it had looked at. */
type Reading = { at: number; partitions: { partition: number; lag: number | null; seen: number }[] };
type Point = { at: number; lag: number };
/** From what is drawn to where, in pixels. */
type Scale<T> = (value: T) => number;

/** The same, where it is known that these are not null. */
type Known<T, K extends keyof T> = T & { [P in K]: NonNullable<T[P]> };
type ScoredDay = Known<Api["PerformanceDay"], "average_score">;
type Bin = Known<Api["CalibrationBin"], "predicted" | "came">;
/** A score of a model that its baseline has too. */
type Scored = keyof Api["ModelScores"] extends infer K ? (K extends `naive_${infer S}` ? S : never) : never;

/** A goal, as it is set. */
type Goal = Pick<Api["GoalProgress"], "goal_id" | "metric" | "unit" | "target" | "course_id" | "due_at">;
/** What came of a form, or of a button. */
type Told = { error?: string; kept?: boolean; waits?: boolean };

/** The event of a choice that was made, and of a form that is sent. */
type Chosen = { target: HTMLSelectElement };
type Ticked = { target: HTMLInputElement };
type Sending = Event & { target: HTMLFormElement };
type GoalSent = Event & {
  target: { elements: { target: HTMLInputElement; last_day: HTMLInputElement; course?: HTMLSelectElement } };
};

/** How a request is made that is not a GET. */
type Sent = { method?: "POST" | "PUT" | "DELETE"; headers?: Record<string, string>; body?: string };

/** An address that the API has; anything else is none, and refused. */
type Address<P extends string> = [PathOf<P>] extends [never] ? never : P;

/** The body that a request is answered with, by its address and method; null where there is none. */
type Answered<P extends string, S extends Sent> = BodyOf<
  Paths[PathOf<P>][S extends { method: infer M extends string } ? Lowercase<M> & keyof Paths[PathOf<P>] : "get"]
>;
type BodyOf<O> = O extends { responses: infer R }
  ? R extends { 200: { content: { "application/json": infer B } } } ? B
  : R extends { 202: { content: { "application/json": infer B } } } ? B
  : R extends { 204: unknown } ? null
  : never
  : never;

/** The path of the document that an address is one of. */
type PathOf<P extends string> = { [K in keyof Paths]: Fits<Bare<P>, K> extends true ? K : never }[keyof Paths];
type Bare<P extends string> = P extends `${infer B}?${string}` ? B : P;
/** Whether an address has the parts of a path, of which `{any}` is as it comes. */
type Fits<P extends string, K extends string> = P extends `${infer A}/${infer R}`
  ? K extends `${infer B}/${infer S}` ? IsPart<A, B> extends true ? Fits<R, S> : false : false
  : K extends `${string}/${string}` ? false : IsPart<P, K>;
type IsPart<A extends string, B extends string> = B extends `{${string}}` ? true : A extends B ? true : false;
