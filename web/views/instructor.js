/** The instructor's part of the page, loaded once it is asked for: the courses, and one of them. */

import { html } from "../parts.js";
import { t } from "../words.js";
import { route } from "../route.js";
import { course } from "../teaching.js";
import { Taught } from "./taught.js";
import { Glance } from "./glance.js";
import { Contact } from "./contact.js";
import { Spread } from "./spread.js";
import { Submissions } from "./submissions.js";
import { Foretold } from "./foretold.js";

/** What the page is called. @param {string | null} id of the course that is shown */
export function titleOf(id) {
  if (id === null) return t("ui.title_of_courses");
  const body = course.value?.id === id ? course.value.overview.value.body : null;
  return body?.title ?? id;
}

export function View() {
  const { course: id } = route.value;
  if (id === null) return html`<${Taught} />`;
  const of = course.value;
  if (of?.id !== id) return html`<p class="block note">${t("ui.loading")}</p>`;
  const zone = of.reader.zone();
  return html`
    <p class="above"><a href="#/courses">${t("ui.taught.back")}</a></p>
    <div class="blocks">
      <${Glance} of=${of} /><${Contact} of=${of} /><${Submissions} of=${of} /><${Spread} of=${of} /><${Foretold} of=${of} />
    </div>
    ${zone && html`<p class="note">${t("ui.zone", { zone })}</p>`}`;
}
