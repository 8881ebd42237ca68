"""From Markdown to mails: compiled once per content, filled in per person."""
