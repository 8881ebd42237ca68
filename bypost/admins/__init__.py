"""Who runs the courses: accounts, signing in, and the log of what was done."""
