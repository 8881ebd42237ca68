"""A Document as plain text: made from the Markdown, never from the HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from bypost.render.document import Block, Box, Button, Document, Prose, When
from bypost.render.texttable import Cell, table
from bypost.render.width import COLUMNS, width, wrap
from bypost.render.words import Personal, Words

#: Columns we reckon with where a person's value will stand, by root.
_GUESS = {"subscriber": 12, "links": COLUMNS, "next": 18, "about": 24}


class TextRenderer:
    """Writes one document; words of personal values stay, constants are put in place."""

    def __init__(self, words: Words, labels: Mapping[str, str]) -> None:
        self.words = words
        self.labels = labels
        self._notes: list[tuple[int, str]] = []
        self._count = 0

    def body(self, document: Document) -> str:
        """Return the text of the document's blocks, without its title."""
        # Links in the title are explained here, because the title itself stands alone.
        return "\n\n".join((*self._take_notes(), self._sequence(document.blocks)))

    def heading(self, document: Document, title: str) -> str:
        """Return the mail's title, underlined; ``title`` is for a document without one."""
        text = self.inline(document.title) if document.title else self.words.settle(title)
        lines = wrap(text.strip(), COLUMNS, measure=self.measure)
        longest = max(self.measure(line) for line in lines)
        return "\n".join((*lines, "=" * min(COLUMNS, longest)))

    def inline(self, tokens: Sequence[Token]) -> str:
        """Return inline tokens as text; links become numbers, explained after the block."""
        parts: list[str] = []
        opened: list[tuple[str, int]] = []
        for token in tokens:
            if token.type == "link_open":
                opened.append((self.words.settle(str(token.attrs["href"])), len(parts)))
            elif token.type == "link_close":
                href, start = opened.pop()
                parts.append(self._link_note(href, "".join(parts[start:])))
            else:
                parts.append(self._mark(token))
        return "".join(parts)

    def measure(self, text: str) -> int:
        """Return the columns of ``text``, with a guess for each value we do not know yet."""
        total = 0
        for part in self.words.split(text):
            if isinstance(part, str):
                total += width(part)
            elif isinstance(part, Personal):
                total += _GUESS.get(part.names[0][0], 12) if part.names else 12
        return total

    def _mark(self, token: Token) -> str:
        marks = {
            "softbreak": " ",
            "hardbreak": "\n",
            "strong_open": "*",
            "strong_close": "*",
            "em_open": "_",
            "em_close": "_",
            "s_open": "~~",
            "s_close": "~~",
        }
        if token.type == "image":
            alt = self.words.settle(token.content)
            return f"[{self.labels['image']}: {alt}]" if alt else ""
        if token.type in marks:
            return marks[token.type]
        if token.type == "code_inline":
            return f"`{token.content}`"
        return self.words.settle(token.content)

    def _link_note(self, href: str, label: str) -> str:
        if href in {label, f"mailto:{label}"}:
            return ""
        self._count += 1
        self._notes.append((self._count, href))
        return f" [{self._count}]"

    def _sequence(self, blocks: Sequence[Block], columns: int = COLUMNS) -> str:
        """Join blocks by blank lines; a conditional block brings its own, so it leaves no gap."""
        text = ""
        pending = ""
        for block in blocks:
            if isinstance(block, When):
                inner = self._sequence(block.children, columns)
                before, after = ("\n\n", "") if pending else ("", "\n\n")
                text += f"{block.opening}{before}{inner}{after}{block.closing}"
                continue
            written = self._block(block, columns)
            if not written:  # a picture that shows nothing, say
                continue
            text += pending + written
            pending = "\n\n"
        return text

    def _block(self, block: Block, columns: int) -> str:
        if isinstance(block, Button):
            return f"{self.words.settle(block.label)}:\n{self.words.settle(block.href)}"
        if isinstance(block, Box):
            return self._box(block, columns)
        assert isinstance(block, Prose)  # noqa: S101 - the other kinds are handled above
        root = SyntaxTreeNode(list(block.tokens))
        return "\n\n".join(
            written for node in root.children if (written := self._with_notes(node, columns))
        )

    def _box(self, box: Box, columns: int) -> str:
        rule = "-" * columns
        label = self.labels[box.kind]
        title = self.inline(box.title)
        heading = "\n".join(
            wrap(f"{label}: {title}" if title else label, columns, measure=self.measure)
        )
        notes = "".join(f"\n\n{note}" for note in self._take_notes())
        return f"{rule}\n{heading}{notes}\n\n{self._sequence(box.children, columns)}\n{rule}"

    def _with_notes(self, node: SyntaxTreeNode, columns: int) -> str:
        lines = "\n".join(self._node(node, columns))
        return "\n\n".join((lines, *self._take_notes()))

    def _take_notes(self) -> Iterator[str]:
        notes, self._notes = self._notes, []
        if notes:
            yield "\n".join(f"[{number}] {href}" for number, href in notes)

    def _node(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        writers: dict[str, Callable[[SyntaxTreeNode, int], list[str]]] = {
            "heading": self._heading,
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": self._quote,
            "fence": self._code,
            "code_block": self._code,
            "table": self._table,
            "hr": lambda _node, _columns: ["* * *"],
        }
        return writers.get(node.type, self._paragraph)(node, columns)

    def _text(self, node: SyntaxTreeNode) -> str:
        inline = node.children[0].token if node.children else None
        return self.inline(inline.children or []) if inline else ""

    def _paragraph(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        return wrap(self._text(node), columns, measure=self.measure)

    def _heading(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        lines = wrap(self._text(node), columns, measure=self.measure)
        longest = max(self.measure(line) for line in lines)
        return [*lines, "-" * min(columns, longest)] if node.tag == "h2" else lines

    def _blocks(self, nodes: Sequence[SyntaxTreeNode], columns: int, *, tight: bool) -> list[str]:
        lines: list[str] = []
        for node in nodes:
            if lines and not tight:
                lines.append("")
            lines += self._node(node, columns)
        return lines

    def _list(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        loose = any(
            child.type == "paragraph" and not child.hidden
            for item in node.children
            for child in item.children
        )
        lines: list[str] = []
        for index, item in enumerate(node.children):
            mark = "- " if first is None else f"{first + index}. "
            inner = self._blocks(item.children, columns - len(mark), tight=not loose) or [""]
            if lines and loose:
                lines.append("")
            lines.append(mark + inner[0])
            lines += [(" " * len(mark) + line).rstrip() for line in inner[1:]]
        return lines

    def _quote(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        inner = self._blocks(node.children, columns - 2, tight=False)
        return [f"> {line}".rstrip() for line in inner]

    def _code(self, node: SyntaxTreeNode, _columns: int) -> list[str]:
        return [("    " + line).rstrip() for line in node.content.rstrip("\n").split("\n")]

    def _table(self, node: SyntaxTreeNode, columns: int) -> list[str]:
        rows: list[list[Cell]] = []
        for section in node.children:
            rows += (
                [(self._text(cell), _alignment(cell)) for cell in row.children]
                for row in section.children
            )
        return table(rows, columns, self.measure)


def _alignment(cell: SyntaxTreeNode) -> str:
    return str(cell.attrs.get("style", "text-align:left")).partition(":")[2]
