"""When: clock, cadence, window, pacing, backoff and the runner that wakes up.

The lowest layer. It imports nothing of this project and knows nothing of what is being
scheduled: it speaks of steps, instants and jobs.
"""
