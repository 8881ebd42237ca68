"""Two states of a project, mail by mail: what would reach people otherwise than before."""

from bypost.check.compare.changes import Change, changes
from bypost.check.compare.tree import Mail, Tree, read_tree

__all__ = ["Change", "Mail", "Tree", "changes", "read_tree"]
