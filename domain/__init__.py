"""The pure core: events, state, fold, rules and measures; no clock, log, await or I/O."""
