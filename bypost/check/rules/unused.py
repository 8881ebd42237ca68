"""Pictures that lie beside the lessons and stand in none of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Whole
from bypost.check.settings_file import PATH

ASSET_UNUSED = Rule(
    id="asset-unused",
    level=Level.INFO,
    title="A picture that no mail uses",
    why="An image file lies in a folder of lessons or issues, and no mail names it. Either it was "
    "left behind, or a mail was meant to show it and does not.",
    fix="Show it with `![what it shows](file.png)`, or delete it.",
    source="Good practice",
    bad="lessons/baking/oven.png, which stands in no lesson",
    good="![An oven with its door open](oven.png)",
)

RULES = (ASSET_UNUSED,)

_PICTURES = frozenset({".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
_FOLDERS = ("lessons", "newsletters")
_TEXTS = frozenset({".md", ".mjml", ".toml", ".txt"})


def asset_unused(whole: Whole) -> Iterator[Finding]:
    """Image files whose names stand in no text of the project.

    Texts are searched, not compiled mails: a picture inside a block that is left out today, or in
    a lesson that cannot be read, is used.
    """
    root = whole.around.root
    pictures = [path for folder in _FOLDERS for path in _files(root / folder, _PICTURES)]
    if not pictures:
        return
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for folder in (*_FOLDERS, "templates")
        for path in _files(root / folder, _TEXTS)
    ]
    if (root / PATH).is_file():
        texts.append((root / PATH).read_text(encoding="utf-8", errors="replace"))
    for path in pictures:
        names = {path.name, quote(path.name)}
        if not any(name in text for text in texts for name in names):
            yield ASSET_UNUSED.at(
                path.relative_to(root).as_posix(),
                "no mail uses this picture",
                fix=f"show it with `![what it shows]({path.name})`, or delete it",
            )


def _files(folder: Path, endings: frozenset[str]) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in endings)
    shown = (it for it in found if not any(p.startswith(".") for p in it.relative_to(folder).parts))
    return sorted(path for path in shown if path.is_file() and not path.is_symlink())


PROJECT_CHECKS = (asset_unused,)
