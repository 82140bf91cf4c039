/** The page: who is signed in, in which language, and the view that is shown. */

import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { effect, signal } from "@preact/signals";
import { html, errorText } from "./parts.js";
import { switchLearner, changes, connected, leave, refused, session, show, shown, start } from "./session.js";
import { OWN, dashboard } from "./store.js";
import { route } from "./route.js";
import { LANGUAGES, addWords, clock, day, language, number, readersLanguage, speak, t } from "./words.js";
import { Learner } from "./views/learner.js";

const LAG_SECONDS = 5;
const HEADER_WAIT_MS = 1000;

/**
 * The parts that are loaded once they are asked for, each with its texts and its style: undefined until then, null
 * where that failed. What a part imports is named here too, so that all of it comes at once; what it shows is read meanwhile.
 * @type {Record<string, Later>}
 */
const LATER = {
  instructor: {
    part: signal(undefined), load: () => import("./views/instructor.js"), reader: () => import("./teaching.js"),
    words: ["courses."], style: "courses.css", loading: null,
    modules: ["teaching", "views/taught", "views/glance", "views/contact", "views/spread", "views/submissions",
      "views/foretold", "views/course_parts", "views/person", "views/more", "views/helping", "views/explained",
      "views/why_alert", "charts/quartiles", "charts/spark", "charts/strip"],
  },
  operator: {
    part: signal(undefined), load: () => import("./views/operations.js"), reader: () => import("./operating.js"),
    words: ["courses.", "operations."], style: "operations.css", loading: null,
    modules: ["operating", "views/wrong", "views/partitions", "views/behind", "views/rejected", "views/learned",
      "views/useful", "charts/lag", "charts/calibration"],
  },
};
const TITLES = /** @type {Record<string, string>} */ ({
  learner: "ui.title", instructor: "ui.title_of_courses", operator: "ui.title_of_operations",
});
const spoken = speak(readersLanguage());

function Page() {
  const { view, course } = route.value;
  const title = useRef(/** @type {HTMLElement | null} */ (null));
  const came = useRef(false);
  useEffect(() => {
    if (came.current) {
      scrollTo(0, 0);
      title.current?.focus();
    }
    came.current = true;
  }, [view, course]);
  const named = session.value === null ? "learner" : view;
  const name = LATER[named]?.part.value?.titleOf(course) ?? t(TITLES[named]);
  document.title = name;
  return html`
    <header>
      <h1 tabindex="-1" ref=${title}><bdi>${name}</bdi></h1>
      ${session.value && html`<${Views} view=${view} />`}
      ${session.value && html`<p class="state">${state()}</p>`}
      <div class="tools">
        ${view === "learner" && session.value && html`<${Learners} ...${session.value} />`}
        <label>${t("ui.language")}
          <select onChange=${(/** @type {Chosen} */ event) => speak(event.target.value, true)}>
            ${Object.entries(LANGUAGES).map(([name, own]) => html`
              <option key=${name} value=${name} lang=${name} selected=${name === language.value}>${own}</option>`)}
          </select>
        </label>
        ${session.value && html`<button type="button" class="quiet" onClick=${leave}>${t("ui.leave")}</button>`}
      </div>
    </header>
    <main><${Main} view=${view} course=${course} /></main>
    <p class="unseen" role="status">${changes.value > 0 && t(shown.value?.changed ?? "", { times: changes.value })}</p>`;
}

/** @param {{ view: View, course: string | null }} props */
function Main({ view, course }) {
  if (session.value === null) return html`<${SignIn} />`;
  if (view === "learner") return html`<${Learner} />`;
  if (session.value && !session.value.views.includes(view)) return html`<${Note} text=${t("ui.error.forbidden")} />`;
  const part = LATER[view].part.value;
  if (!part) return html`<${Note} text=${t(part === null ? "ui.error.other" : "ui.loading")} />`;
  return html`<${part.View} key=${`${view} ${course}`} />`;
}

/** @param {{ text: string }} props */
const Note = ({ text }) => html`<p class="block note">${text}</p>`;

/** Links to the views that the session has, where it has more than one. @param {{ view: View }} props */
function Views({ view }) {
  const views = session.value?.views ?? [];
  if (views.length < 2) return null;
  const has = (/** @type {View} */ name) => views.includes(name);
  const current = (/** @type {View} */ name) => view === name && "page";
  return html`
    <nav aria-label=${t("ui.views")}>
      <ul class="plain">
        <li><a href="#/" aria-current=${current("learner")}>${t("ui.title")}</a></li>
        ${has("instructor") && html`<li><a href="#/courses" aria-current=${current("instructor")}>${t("ui.title_of_courses")}</a></li>`}
        ${has("operator") && html`<li><a href="#/operations" aria-current=${current("operator")}>${t("ui.title_of_operations")}</a></li>`}
      </ul>
    </nav>`;
}

/** The learners of a demo, to choose from; elsewhere there are none. @param {Api["Session"]} props */
const Learners = ({ user_id, learners = [] }) => learners.length > 0 && html`
  <label>${t("ui.learner")}
    <select onChange=${(/** @type {Chosen} */ event) => switchLearner(event.target.value)}>
      ${learners.map((each) => html`<option key=${each} value=${each} selected=${each === user_id}>${each}</option>`)}
    </select>
  </label>`;

/** What is to be known of the figures' age, in one line; a shape stands beside each, not only a colour. */
function state() {
  const body = shown.value?.opening();
  if (!connected.value) return html`<span class="mark away">▲</span>${t("ui.state.away")}`;
  if (!body) return null;
  const fresh = body.freshness;
  const zone = shown.value?.zone();
  if (body.degraded.includes("database")) {
    return html`<span class="mark away">▲</span>${t("ui.state.database", { time: clock(body.timestamp, zone) })}`;
  }
  if (fresh.clock === "stream") return html`<span class="mark">◆</span>${t("ui.state.replay", { day: day(body.timestamp, zone) })}`;
  if (fresh.lag_seconds > LAG_SECONDS) {
    return html`<span class="mark away">▲</span>${t("ui.state.lag", { seconds: number(fresh.lag_seconds, 0) })}`;
  }
  return html`<span class="mark well">●</span>${t("ui.state.live", { time: clock(body.timestamp, zone) })}`;
}

/** How one gets in; and why it did not work, where it was tried. */
function SignIn() {
  return html`
    <section class="block" aria-labelledby="signin-title">
      <h2 id="signin-title">${t("ui.signin.title")}</h2>
      ${refused.value && html`<p role="alert">${refused.value === "unauthorized" ? t("ui.signin.refused") : errorText(refused.value)}</p>`}
      <p>${t("ui.signin.how")}</p>
      <p><code>learnstream open --user ID</code></p>
    </section>`;
}

/** Read what the address names. */
async function open() {
  const { view } = route.value;
  if (view === "learner") return show(OWN);
  const later = LATER[view];
  later.loading ??= loadLater(later);
  const reading = await later.reader().catch(() => null); // the part is missed, too, and says so
  return reading && route.value.view === view ? show(reading.readerOf(route.value)) : undefined;
}

/** A part with its texts and its style; null where it cannot be had. @param {Later} later */
async function loadLater(later) {
  try {
    const words = spoken.then(async () => {
      for (const each of later.words) await addWords(each);
    });
    for (const each of later.modules) addLink("modulepreload", `${each}.js`);
    const [part] = await Promise.all([later.load(), words, addStyle(later.style)]);
    later.part.value = part;
  } catch {
    later.part.value = null; // a newer version is served meanwhile, or nothing is: the page is to be loaded again
    later.loading = null;
  }
  return later.part.value;
}

/** @param {string} name @returns {Promise<unknown>} */
function addStyle(name) {
  const link = addLink("stylesheet", name);
  return new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", reject);
  });
}

/** Have the browser fetch a file of the page. @param {string} rel @param {string} name */
function addLink(rel, name) {
  const link = document.createElement("link");
  link.rel = rel;
  link.href = new URL(name, import.meta.url).href;
  document.head.append(link);
  return link;
}

const place = /** @type {HTMLElement} */ (document.getElementById("page"));
const opened = start(open);
route.subscribe(() => { if (session.value) open(); });
effect(() => {
  // Who never learned anything here, and teaches or operates, is shown that at once.
  const { body, error } = dashboard.value;
  const isUnknown = error === "not_found" || body?.freshness.last_event_at === null;
  const views = session.value?.views ?? [];
  if (!isUnknown || location.hash !== "") return;
  if (views.includes("instructor")) location.replace("#/courses");
  else if (views.includes("operator")) location.replace("#/operations");
});
/** So that the header comes whole and nothing below it moves; a slow answer is not waited for. */
const known = new Promise((resolve) => {
  session.subscribe((value) => value !== undefined && resolve(value));
  setTimeout(resolve, HEADER_WAIT_MS);
});
await Promise.all([spoken, known]);
render(html`<${Page} />`, place);
await opened;
