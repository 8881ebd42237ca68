"""The operator's desk: what happens, what comes, and what can be done about it."""
