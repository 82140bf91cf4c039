/** How far something is, in one bar, with a mark where it was to be by now; a sentence beside it says the same. */

import { html } from "../parts.js";

/** @param {{ value: number, mark?: number | null }} props both in percent */
export function Bar({ value, mark = null }) {
  const share = Math.max(0, Math.min(100, value));
  return html`
    <svg class="bar" aria-hidden="true" width="100%" height="18">
      <rect class="track" x="0" y="4" width="100%" height="10" rx="5" />
      <rect class="done" x="0" y="4" width=${`${share}%`} height="10" rx="5" />
      ${mark !== null && html`<rect class="mark" x=${`${Math.min(99, mark)}%`} y="0" width="3" height="18" />`}
    </svg>`;
}
