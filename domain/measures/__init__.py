"""The numbers of the API, from one state at one moment."""
