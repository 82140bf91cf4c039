/** The operators' part of the page, loaded once it is asked for: whether anything is wrong, and where. */

import { html } from "../parts.js";
import { t } from "../words.js";
import { Wrong } from "./wrong.js";
import { Partitions } from "./partitions.js";
import { Behind } from "./behind.js";
import { Rejected } from "./rejected.js";
import { Learned } from "./learned.js";
import { Useful } from "./useful.js";

/** What the page is called. */
export const titleOf = () => t("ui.title_of_operations");

export function View() {
  return html`
    <div class="blocks">
      <${Wrong} /><${Partitions} /><${Behind} /><${Rejected} /><${Learned} /><${Useful} />
    </div>`;
}
