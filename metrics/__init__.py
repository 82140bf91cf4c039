"""The read side, pure: the numbers of the API, from one state at one moment."""
