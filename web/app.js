// @ts-check
/** The page: who is signed in, in which language, and the view that is shown. */

import { render } from "preact";
import { html, errorText } from "./parts.js";
import { changes, connected, dashboard, leave, refused, session, start } from "./store.js";
import { LANGUAGES, clock, day, language, number, readersLanguage, speak, t } from "./words.js";
import { Learner } from "./views/learner.js";

const LAG_SECONDS = 5;

function Page() {
  if (language.value === "") return null;
  document.title = t("ui.title");
  return html`
    <header>
      <h1 tabindex="-1">${t("ui.title")}</h1>
      ${session.value && html`<p class="state">${state()}</p>`}
      <div class="tools">
        <label>${t("ui.language")}
          <select onChange=${(/** @type {any} */ event) => speak(event.target.value, true)}>
            ${Object.entries(LANGUAGES).map(([name, own]) => html`
              <option key=${name} value=${name} lang=${name} selected=${name === language.value}>${own}</option>`)}
          </select>
        </label>
        ${session.value && html`<button type="button" class="quiet" onClick=${leave}>${t("ui.leave")}</button>`}
      </div>
    </header>
    <main>${session.value === null ? html`<${SignIn} />` : html`<${Learner} />`}</main>
    <p class="unseen" role="status">${changes.value > 0 && t("ui.changed", { times: changes.value })}</p>`;
}

/** What is to be known of the figures' age, in one line; a shape stands beside each, not only a colour. */
function state() {
  const body = dashboard.value.body;
  if (!connected.value) return html`<span class="mark away">▲</span>${t("ui.state.away")}`;
  if (!body) return null;
  const fresh = body.freshness;
  const zone = body.timezone;
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

const place = /** @type {HTMLElement} */ (document.getElementById("page"));
const reading = start();
await speak(readersLanguage());
render(html`<${Page} />`, place);
await reading;
