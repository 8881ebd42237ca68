"""``bypost doctor``: whether this project can send, and whether its mails will be believed."""
