"""Use cases of subscribers: joining, leaving, the CSV; used alike by web, commands and import."""
