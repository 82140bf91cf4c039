/** When and how the learner works; read once somebody scrolls to it, as nobody waits for it. */

import { useEffect, useRef } from "preact/hooks";
import { html, Block } from "../parts.js";
import { hour, list, number, percent, t, weekday } from "../words.js";
import { patterns, readPatterns } from "../store.js";
import { session } from "../session.js";

export function Patterns() {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const answer = patterns.value;
  const signedIn = Boolean(session.value);
  useEffect(() => {
    if (!signedIn || !place.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      readPatterns();
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [signedIn]);
  const found = answer.body?.pattern_analysis;
  return html`
    <div ref=${place}>
      <${Block} id="patterns" size="short" answer=${answer} section=${found}>${found?.status === "ok" && html`<${Found} found=${found} />`}<//>
    </div>`;
}

/** @param {{ found: Api["PatternAnalysis"] }} props */
function Found({ found }) {
  const { productivity_peaks: peaks, submission_habits: habits, learning_preferences: kinds } = found;
  const said = [...(peaks.status === "ok" ? when(peaks) : []), ...(habits.status === "ok" ? ahead(habits) : [])];
  if (kinds.length > 0) {
    said.push(t("ui.patterns.kinds", {
      kinds: list(kinds.slice(0, 3).map((each) =>
        t("ui.patterns.kind", { kind: t(`ui.kind.${each.content_kind}`) || each.content_kind, share: percent(100 * each.share) }))) }));
  }
  if (said.length === 0) return html`<p class="note">${t("ui.patterns.empty")}</p>`;
  return html`<ul class="plain cards">${said.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`;
}

/** @param {Api["ProductivityPeaks"]} peaks */
function when(peaks) {
  const hours = peaks.hours.map((each) =>
    t("ui.range_of_time", { from: hour(each.from_hour), to: hour(each.to_hour % 24) }));
  const code = peaks.based_on === "scores" ? "scores" : "activity";
  return [
    ...(hours.length > 0 ? [t(`ui.patterns.hours_${code}`, { hours: list(hours) })] : []),
    ...(peaks.weekdays.length > 0 ? [t("ui.patterns.weekdays", { days: list(peaks.weekdays.map((each) => weekday(each))) })] : []),
  ];
}

/** @param {Api["SubmissionHabits"]} habits */
function ahead(habits) {
  const counts = { early: habits.early, last_day: habits.last_day, late: habits.late };
  const hours = habits.median_hours_before_due;
  return [
    t("ui.patterns.submitted", counts),
    ...(hours !== null && hours > 0 ? [t("ui.patterns.before_due", { hours: number(hours, 0) })] : []),
  ];
}
