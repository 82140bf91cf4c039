/** What every view is made of: markup, a block with its five states, a chart's table. */

import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import htm from "htm";
import { t } from "./words.js";

export const html = htm.bind(h);
/** How grave: a shape beside each word, and not only a colour. */
export const MARKS = /** @type {Record<string, string>} */ ({ high: "▲", medium: "◆", low: "●" });

/**
 * One block of a view. Its height is reserved while it loads, so that nothing below it moves.
 * @param {{
 *   id: string, answer: Answer<unknown>, section?: Section, isEmpty?: boolean, size?: string, children?: Markup,
 * }} props `section` has a status and what is missing; without one, an answer is enough
 */
export function Block({ id, answer, section, isEmpty, size = "middle", children }) {
  return html`
    <section class=${`block ${size}`} id=${id} aria-labelledby=${`${id}-title`} aria-busy=${!answer.body && !answer.error}>
      <h2 id=${`${id}-title`}>${t(`ui.${id}.title`)}</h2>
      <${Inside} id=${id} answer=${answer} section=${section} isEmpty=${isEmpty}>${children}<//>
    </section>`;
}

/** @param {{ id: string, answer: Answer<unknown>, section?: Section, isEmpty?: boolean, children?: Markup }} props */
function Inside({ id, answer, section, isEmpty, children }) {
  if (!answer.body && answer.error) return html`<p class="note">${errorText(answer.error)}</p>`;
  if (!answer.body) return html`<p class="note">${t("ui.loading")}</p>`;
  if (section?.status === "unavailable") return html`<p class="note">${t("ui.unavailable")}</p>`;
  if (section?.status === "insufficient_data") return html`<${Missing} id=${id} missing=${section.missing} />`;
  if (isEmpty) return html`<p class="note">${t(`ui.${id}.empty`)}</p>`;
  return children;
}

/** What a section would need to say more. @param {{ id: string, missing: Api["Missing"][] }} props */
export function Missing({ id, missing }) {
  return html`
    <p class="note">${t(`ui.${id}.empty`)}</p>
    ${missing.length > 0 && html`<ul class="plain note">
      ${missing.map((each) => html`<li key=${each.code}>${t(`ui.missing.${each.code}`, each)}</li>`)}
    </ul>`}`;
}

/** A sentence for what went wrong. @param {string} code */
export const errorText = (code) => t(`ui.error.${code}`) || t("ui.error.other");

/**
 * The figures of a chart as a table, for everybody who cannot or does not want to see it.
 * @param {{ name: string, head: string[], rows: Markup[][], summary?: string }} props `name` is the chart's
 */
export const Figures = ({ summary = t("ui.as_table"), ...table }) => html`
  <details><summary>${summary}</summary><${Table} ...${table} /></details>`;

/** A table that scrolls where it is wide or long. @param {{ name: string, head: string[], rows: Markup[][] }} props */
export function Table({ name, head, rows }) {
  return html`
    <div class="scrolls" tabindex="0" role="region" aria-label=${name}>
      <table>
        <thead><tr>${head.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
        <tbody>${rows.map((row, n) => html`<tr key=${n}>
          ${row.map((cell, n) => (n === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}
        </tr>`)}</tbody>
      </table>
    </div>`;
}

/** A chart's own width in pixels, so that its text is as large as the page's. */
export function useWidth() {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!place.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return /** @type {const} */ ([place, width]);
}
