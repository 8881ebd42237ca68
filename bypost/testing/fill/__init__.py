"""A database as it might look after weeks: many invented people, written by chance.

No pass is made: who signs up, confirms, reads, leaves or bounces is drawn, and what the engine
would have written is written in bulk. What a pass finds in it is what it would have left: hints,
places in the course and the numbers of the ledger agree.
"""
