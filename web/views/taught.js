/** The courses that the session may see, each with how many need somebody. */

import { html, Block } from "../parts.js";
import { t } from "../words.js";
import { linkToCourse } from "../links.js";
import { refresh } from "../session.js";
import { taught, taughtTrail } from "../teaching.js";
import { Paging, runs } from "./course_parts.js";

export function Taught() {
  const answer = taught.value;
  const items = answer.body?.items ?? [];
  return html`
    <${Block} id="taught" size="middle" answer=${answer} isEmpty=${items.length === 0}>
      <ul class="plain cards">${items.map((each) => html`<${Item} key=${each.course_id} course=${each} />`)}</ul>
      <${Paging} trail=${taughtTrail.value} next=${answer.body?.next_cursor} limit=${answer.body?.limit}
        turn=${(/** @type {string[]} */ trail) => { taughtTrail.value = trail; refresh(); }} />
    <//>`;
}

/** @param {{ course: Api["CourseItem"] }} props */
function Item({ course }) {
  return html`
    <li>
      <h3><a href=${linkToCourse(course.course_id)}><bdi>${course.title ?? course.course_id}</bdi></a></h3>
      <p>${t("ui.taught.learners", { count: course.learners })} · ${course.with_attention > 0
        ? html`<span class="mark high" aria-hidden="true">▲</span>${t("ui.taught.attention", { count: course.with_attention })}`
        : t("ui.taught.nobody")}</p>
      <p class="note">${runs(course)}${course.title !== null && html` · <bdi>${course.course_id}</bdi>`}</p>
    </li>`;
}
