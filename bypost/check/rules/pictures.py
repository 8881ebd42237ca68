"""Pictures beside the mail: what keeps one from being sent, and what makes one heavy or blurred."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.check.sample import Sample
from bypost.model.asset import Asset
from bypost.render.assets import ADDRESS
from bypost.render.picture import MOST_BYTES, MOST_PIXELS

#: Bytes of one picture as it is sent.
HEAVY = 200_000
TOO_HEAVY = 1_000_000
#: Bytes of all pictures of one mail.
MOST_TOGETHER = 500_000
#: Pixels of the file for each CSS pixel it is shown at: most screens of phones have 2 to 3.
LEAST_DENSITY = 1.5
#: Pictures less wide than this are signs and badges, not something to look at closely. CSS pixels.
SMALL = 256
#: Pixels beyond which a file holds more than any mail shows (Buttondown's limit).
LARGE = 1200

_BESIDE = "ByPost's compiler"


def _holding(name: str, title: str, why: str, fix: str, bad: str, good: str) -> Rule:
    return Rule(
        id=name,
        level=Level.ERROR,
        title=title,
        why=why,
        fix=fix,
        source=_BESIDE,
        bad=bad,
        good=good,
        holds=True,
    )


_HOLDING = (
    _holding(
        "asset-missing",
        "A picture that is not there",
        "The name of a picture without `https://` is that of a file in the folder of the lesson. "
        "Without the file the mail would show an empty frame. Capitals count.",
        "Put the picture beside the lesson, or mend its name.",
        "![Two views](two-veiws.png)",
        "![Two views](two-views.png)",
    ),
    _holding(
        "asset-path",
        "A picture outside of the folder of its mail",
        "Only the folder of a course or newsletter, and folders in it, are watched and may be "
        "published: not a path of this machine, not the folder above, not a link that leads out, "
        "nothing hidden. The name of a file is the same for everybody.",
        "Copy the picture into the folder, and write its name.",
        "![Two views](../../private/two-views.png)",
        "![Two views](pictures/two-views.png)",
    ),
    _holding(
        "asset-format",
        "A file that is no PNG, JPEG or GIF",
        "What a file is, is read from its bytes, not from its name. Gmail shows no SVG, Outlook "
        "on Windows no WebP, and few programs HEIC.",
        "Save it as PNG, a photograph as JPEG.",
        "![Two views](two-views.svg)",
        "![Two views](two-views.png)",
    ),
    _holding(
        "asset-broken",
        "A picture that cannot be read to its end",
        "The file was cut off or damaged on its way; people would see half of it, or nothing.",
        "Save it again from the program that made it, or copy it anew.",
        "![Two views](half-copied.png)",
        "![Two views](two-views.png)",
    ),
    _holding(
        "asset-size",
        "A picture far too large",
        f"A file of more than {MOST_BYTES // 1_000_000} MB or "
        f"{MOST_PIXELS // 1_000_000} million pixels was put there by mistake, and would keep "
        "every machine busy that makes the mail.",
        f"Save it smaller: {LARGE} pixels wide is enough for any mail.",
        "![The desk](DSC_0042-original.png)",
        "![The desk](desk.jpg)",
    ),
)

IMG_SIZE = Rule(
    id="img-size",
    level=Level.WARNING,
    title="A heavy picture",
    why="Mails are read on the way, on connections that are slow or paid for. What is weighed is "
    "the copy that is sent, which is made smaller already. It is an error above "
    f"{TOO_HEAVY // 1_000_000} MB.",
    fix="Save a photograph as JPEG, not as PNG; cut away what the lesson does not speak of; give a "
    "drawing fewer colours.",
    source="react-email's checks (1 MB, 2026-08)",
    bad="![The desk](desk.png)  (a photograph as PNG, 1.9 MB)",
    good="![The desk](desk.jpg)  (the same as JPEG, 90 kB)",
)
IMG_DIMENSIONS = Rule(
    id="img-dimensions",
    level=Level.WARNING,
    title="A picture with too few pixels",
    why="Screens of phones have two or three pixels where a picture has one, and a picture is "
    "shown as wide as it is, up to the width of the text. With fewer than "
    f"{LEAST_DENSITY} pixels for each of those it looks blurred, and text in it most of all. "
    f"Pictures less than {SMALL} pixels wide are taken for signs and left alone. A file wider than "
    f"{LARGE} pixels is said to be so; a smaller copy of it is sent.",
    fix="Take the picture again with more pixels, twice as wide as the text (about 1024).",
    source="Buttondown's preflight checks (1200 px, 2026-11)",
    bad="![The form](form.png)  (400 pixels wide)",
    good="![The form](form.png)  (1024 pixels wide)",
)
SIZE_TOTAL = Rule(
    id="size-total",
    level=Level.WARNING,
    title="Pictures that are heavy together",
    why=f"All pictures of a mail are fetched when it is opened. Above {MOST_TOGETHER // 1000} kB "
    "people on a slow connection have read the text before they see the first.",
    fix="Leave out what the text does not need, or spread it over two mails.",
    source="Load time of mails on phones (2026-11)",
    bad="Six screenshots of 120 kB each.",
    good="Two screenshots of 120 kB each.",
)

RULES = (*_HOLDING, IMG_SIZE, IMG_DIMENSIONS, SIZE_TOTAL)


def pictures(sample: Sample) -> Iterator[Finding]:
    """``img-size``, ``img-dimensions`` and ``size-total`` of the pictures beside the mail."""
    page = sample.page
    if page is None:
        return
    shown: dict[str, int] = {}
    for asset, line, width in _shown(page, sample):
        if asset.name not in shown and line:
            yield from _weight(sample, asset, line)
            yield from _pixels(sample, asset, line, width)
        shown[asset.name] = len(asset.data)
    total = sum(shown.values())
    if total > MOST_TOGETHER:
        yield sample.finding(
            SIZE_TOTAL,
            f"the {len(shown)} pictures have {total / 1000:.0f} kB together",
            f"stay below {MOST_TOGETHER // 1000} kB",
        )


def _shown(page: Page, sample: Sample) -> Iterator[tuple[Asset, int | None, int]]:
    """Yield the pictures in the order of the mail, with their lines and widths."""
    for node in page.find("img"):
        attributes = node.attributes or {}
        asset = sample.assets.get((attributes.get("src") or "").rpartition(ADDRESS)[2])
        width = attributes.get("width") or ""
        if asset is not None:
            yield asset, page.line(node), int(width) if width.isdecimal() else asset.width


def _weight(sample: Sample, asset: Asset, line: int) -> Iterator[Finding]:
    size = len(asset.data)
    if size <= HEAVY:
        return
    as_jpeg = asset.media_type == "image/png"
    yield sample.finding(
        IMG_SIZE,
        f"`{_name(asset)}` has {size / 1000:.0f} kB as it is sent; up to {HEAVY // 1000} are well",
        "save it as JPEG if it is a photograph" if as_jpeg else "save it smaller, or cut it",
        line=line,
        level=Level.ERROR if size > TOO_HEAVY else Level.WARNING,
    )


def _pixels(sample: Sample, asset: Asset, line: int, width: int) -> Iterator[Finding]:
    natural = asset.natural_width
    if SMALL <= natural < LEAST_DENSITY * width:
        yield sample.finding(
            IMG_DIMENSIONS,
            f"`{_name(asset)}` is {natural} pixels wide and shown at {width}: it will look blurred",
            "take one that is about 1024 pixels wide",
            line=line,
        )
    elif natural > LARGE and asset.width < natural:
        yield sample.finding(
            IMG_DIMENSIONS,
            f"`{_name(asset)}` is {natural} pixels wide; a copy of {asset.width} is sent",
            line=line,
            level=Level.INFO,
        )


def _name(asset: Asset) -> str:
    return asset.path.rpartition("/")[2]


SAMPLE_CHECKS = (pictures,)
