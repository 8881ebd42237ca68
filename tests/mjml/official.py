"""The official compiler, npm's ``mjml``, in a process of Node."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

#: The last of the fourth line, which runs on every Node since 16.
VERSION = "4.18.0"
SCRIPT = Path(__file__).with_name("official.cjs")


class Missing(Exception):
    """Node or the package is not there; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Official:
    """What the official compiler made of one document.

    Attributes:
        milliseconds: The median of several rounds in a warm process.
    """

    html: str
    milliseconds: float
    complaints: tuple[str, ...]


def install(folder: Path) -> str:
    """Put the package into ``folder`` unless it is there; return the versions of both.

    Raises:
        Missing: There is no Node, or npm could not fetch the package.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("Node 18 or newer, with npm, is needed for this comparison")
    if not (folder / "node_modules" / "mjml").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        words = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        done = subprocess.run(
            [*words, f"mjml@{VERSION}"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Missing(f"npm could not install mjml {VERSION}:\n{done.stderr.strip()}")
    about = json.loads((folder / "node_modules/mjml/package.json").read_text(encoding="utf-8"))
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return f"mjml {about['version']} on Node {version.stdout.strip().lstrip('v')}"


def compile_all(folder: Path, documents: Sequence[str], rounds: int) -> list[Official]:
    """Compile every document once for its HTML, and ``rounds`` times for the clock."""
    with TemporaryDirectory(prefix="bypost-mjml-") as name:
        given, made = Path(name, "documents.json"), Path(name, "made.json")
        given.write_text(json.dumps(documents), encoding="utf-8")
        subprocess.run(
            ["node", str(SCRIPT), str(folder), str(given), str(made), str(rounds)], check=True
        )
        results = json.loads(made.read_text(encoding="utf-8"))
    return [
        Official(it["html"], statistics.median(it["milliseconds"]), tuple(it["complaints"]))
        for it in results
    ]
