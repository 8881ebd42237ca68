"""What the shipped templates use, whatever an author writes: not worth a word in each lesson.

``python -m bypost.check.baseline TEMPLATES`` writes the list anew from the shipped templates; it
has to be done when they change, or when the data of caniemail does.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from bypost.check.features import used
from bypost.model.course import Sender
from bypost.model.theme import Logo, Theme

FILE = "baseline.txt"

#: A mail with everything that can be written in one.
EVERYTHING = """
# A heading

Text with *stress*, **more of it**, ~~a mistake~~, `code`, a [link](https://example.org/page) and\\
another line.

## Two

- one
- two

1. one
2. two

### Three

> What somebody said.

#### Four

| left | middle | right |
|:--|:-:|--:|
| a | b | c |

##### Five

```
code
```

###### Six

---

![A picture](https://example.org/picture.png)

::: button https://example.org/start
Begin
:::

:::: exercise A title
To be done.

::: button https://example.org/answer
Answer
:::
::::

::: note
Said on the side.
:::
"""
_FRONT = "---\nid: {id}\nsubject: About everything\npreheader: All there is.\n{more}\n---\n"


@lru_cache(maxsize=1)
def shipped() -> frozenset[str]:
    """Return the features that the shipped templates use, by their slugs at caniemail."""
    text = files("bypost.check").joinpath("data", FILE).read_text(encoding="utf-8")
    return frozenset(line for line in text.split() if line)


def collected(templates: Path) -> frozenset[str]:
    """Return the features that mails with everything use.

    Args:
        templates: The folder ``templates`` of a project.
    """
    # The engine asks the rules, and one of them asks this module.
    from bypost.check.run import examine

    with TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(templates, root / "templates")
        _write(root)
        examined = examine(
            root,
            sender=Sender(
                name="Sample",
                email="course@example.org",
                reply_to="hello@example.org",
                postal_address="1 Example Street",
            ),
            base_url="https://mail.example.org",
            now=datetime(2026, 11, 23, 9, tzinfo=UTC),
            theme=Theme(logo=Logo("https://example.org/logo.png", 120)),
        )
        samples = (sample for series in examined.series for sample in series.samples)
        pages = [sample.page for sample in samples if sample.page]
    return frozenset(slug for page in pages for slug in used(page))


def _write(root: Path) -> None:
    course, newsletter = root / "lessons" / "all", root / "newsletters" / "all"
    for folder, settings in ((course, "course.toml"), (newsletter, "newsletter.toml")):
        folder.mkdir(parents=True)
        (folder / settings).write_text('title = "All"\nsummary = "All."\n', encoding="utf-8")
    for at in (0, 1):
        front = _FRONT.format(id=f"l{at}", more="delay: 1 day")
        (course / f"0{at}-all.md").write_text(front + EVERYTHING, encoding="utf-8")
    front = _FRONT.format(id="issue", more="date: 2026-12-01T09:00:00+00:00\nstatus: draft")
    (newsletter / "2026-12-01-all.md").write_text(front + EVERYTHING, encoding="utf-8")


if __name__ == "__main__":
    slugs = collected(Path(sys.argv[1]))
    target = Path(__file__).parent / "data" / FILE
    target.write_text("".join(f"{slug}\n" for slug in sorted(slugs)), encoding="utf-8")
