"""The author's bench: ``bypost preview``, and ``/preview`` of the local page.

It reads the project's files and nothing else: no database, no network. Its modules load little,
because the first page is to be there within a second of the command; what needs the store is
imported where it is used.
"""
