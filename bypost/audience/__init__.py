"""The language in which audiences are written: words in, a checked expression out."""

from bypost.audience.expression import Expression
from bypost.audience.mistake import BadAudience
from bypost.audience.parse import parse
from bypost.audience.saved import expand, is_name
from bypost.audience.write import write

__all__ = ["BadAudience", "Expression", "expand", "is_name", "parse", "write"]
