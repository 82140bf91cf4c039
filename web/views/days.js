/** The days of work of the last weeks. */

import { html, Block } from "../parts.js";
import { dashboard } from "../store.js";
import { Heat } from "../charts/heat.js";

export function Days() {
  const answer = dashboard.value;
  const daily = answer.body?.performance_trends.daily ?? [];
  const none = !daily.some((each) => each.activities > 0);
  return html`<${Block} id="days" answer=${answer} isEmpty=${none}>${!none && html`<${Heat} daily=${daily} />`}<//>`;
}
