"""What ``::: if NAME`` means: decided now for what is known now, else once per person."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bypost.render.builder import Decide
from bypost.render.expression import fold
from bypost.render.nearest import did_you_mean
from bypost.render.problems import Problems
from bypost.render.vocabulary import Vocabulary
from bypost.render.words import Meaning, Opening, Place

_NAME = re.compile(r"(?:(\w+)\.)?(\w+)")


def condition(names: Vocabulary, settings: Mapping[str, str], problems: Problems) -> Decide:
    """Return the function that decides for one mail; an empty value is "no"."""

    def decide(argument: str, place: Place) -> bool | Meaning:
        match = _NAME.fullmatch(argument)
        if not match:
            fix = "write `::: if NAME`, with a setting of the course or `subscriber.NAME`"
            problems.add(place, "if-name", f"`::: if {argument}` is not a name", fix)
            return True
        root, name = match[1], match[2]
        if root is None:
            return _setting(name, place)
        complaint = names.complaint(root, name)
        if complaint or name.startswith("_"):
            problems.add(place, "jinja-undefined", *(complaint or (f"`{name}` is hidden", "")))
            return True
        if root in names.personal:
            return Opening(fold(argument, {}), ((root, name),))
        return bool(names.constants[root][name])

    def _setting(name: str, place: Place) -> bool:
        if name in settings:
            return bool(settings[name])
        fix = did_you_mean(name, settings) or "settings are under [settings] in course.toml"
        problems.add(place, "if-name", f"the course has no setting `{name}`", fix)
        return True

    return decide
