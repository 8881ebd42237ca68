"""Content: the files authors write, read into the values of ``bypost.model``."""
