"""The pure core: events, state, fold and rules; no clock, log, await or I/O."""
