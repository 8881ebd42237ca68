"""The language in which audiences are written: words in, a checked expression out."""
