/** A learner's own week: what to do next, and what it was like so far. Nobody else is in it. */

import { html } from "../parts.js";
import { Next } from "./next.js";
import { Week } from "./week.js";
import { Score } from "./score.js";
import { Courses } from "./courses.js";
import { Messages } from "./messages.js";
import { Days } from "./days.js";
import { Goals } from "./goals.js";
import { Patterns } from "./patterns.js";
import { Preferences } from "./preferences.js";

export function Learner() {
  return html`
    <div class="blocks">
      <${Next} /><${Week} /><${Score} /><${Messages} /><${Courses} />
      <${Days} /><${Goals} /><${Patterns} /><${Preferences} />
    </div>`;
}
