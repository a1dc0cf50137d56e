"""Broken pages: read what no site should send, and see that the parsers say so, and nothing worse.

``python -m tests.bench.fuzz [--pages FOLDER] [--rounds N] [--seed S] [--seconds T]`` changes pages at random (the same
seed makes the same pages), reads each with ``article.read`` and ``listing.read``, and prints what came of it. Ends
with 1 at the first page on which one of them raises anything but NotThePage, and writes that page to a file.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from parsel import Selector

from engcrawl.pages import NotThePage, article, listing

CAPTURES = Path(__file__).parents[3] / "shared" / "pages"
"""Pages of real blogs, which aren't part of this project."""
URL = "https://blog.example.com/2024/02/03/a-post/"
SMALL = (
    "<html lang='en'><head><title>A post - A blog</title><link rel='shortlink' href='https://blog.example.com/?p=7'>"
    '<script type="application/ld+json">{"@graph": [{"@type": "Article", "@id": "https://blog.example.com/2024/02/03/'
    'a-post/#article", "author": [{"@id": "#b"}], "datePublished": "2024-02-03T04:05:06+00:00"}]}</script></head>'
    "<body class='single single-post postid-7'><main><article id='post-7' class='post-7 post hentry category-a'>"
    "<h1 class='entry-title'>A post</h1><time class='entry-date' datetime='2024-02-03'>3 February 2024</time>"
    "<div class='entry-content'><p style='background: url(a.png)'>Text <a href='/x/'>link</a></p><!-- a comment -->tail"
    "<img srcset='a.png 1x, b.png 2x' data-src='a.png'><div class='sharedaddy'>Share</div>tail<pre>code</pre>"
    "<table><tr><td>1</td></tr></table></div></article><div id='comments'><p>No.</p></div></main></body></html>"
)
_TAG = re.compile(r"<[^<>]*>")
_ODD = "\x00\x01\x08\x0b\x0c\x1b\x7f\x85\u2028\ufeff\ufffe\uffff\U0001f600"
_REFERENCES = ("&#0;", "&#1;", "&#x1b;", "&#xd800;", "&#xffff;", "&#x110000;", "&nbsp;", "&;", "&amp;amp;")
_CHARSETS = ("latin-1", "cp1252", "utf-16-le", "koi8-r", "shift_jis", "gbk", "cp437", "utf-7")
_LINKS = (
    "http://[x",
    "//",
    "http://\x01/",
    "javascript:x",
    "?p=9",
    "https://h:99999999/",
    "data:,",
    "http://a b/c d",
    "#",
)
_NUMBERS = ("0", "-1", "²", "٣", "9" * 30, "", "7.5")


def flip(text: str, rng: random.Random) -> str:
    """Change some bytes, and read them as UTF-8 again."""
    data = bytearray(text.encode("utf-8", "replace"))
    for _ in range(rng.randint(1, 40)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return data.decode("utf-8", "replace")


def misread(text: str, rng: random.Random) -> str:
    """Read the bytes as another charset's."""
    misread = text.encode("utf-8", "replace").decode(rng.choice(_CHARSETS), "replace")
    return misread.encode("utf-8", "replace").decode()  # UTF-7 can hold halves of surrogate pairs, a Selector can't


def cut(text: str, rng: random.Random) -> str:
    """Leave a part out; half of the times the page still seems whole."""
    start, end = sorted(rng.randrange(len(text)) for _ in range(2))
    return text[:start] + rng.choice((text[end:], "</html>"))


def tags(text: str, rng: random.Random) -> str:
    """Remove, double or exchange some tags."""
    found = list(_TAG.finditer(text))
    for match in sorted(rng.sample(found, min(len(found), rng.randint(1, 30))), key=lambda m: -m.start()):
        tag = match.group()
        text = text[: match.start()] + rng.choice(("", tag * 2, rng.choice(found).group())) + text[match.end() :]
    return text


def nest(text: str, rng: random.Random) -> str:
    """Open many elements at once, which nobody closes."""
    tag = rng.choice(
        ("<div>", "<p>", "<b>", "<table><tr><td>", "<a href=x>", "<article id=post-7>", "<svg>", "<ul><li>")
    )
    return insert(text, tag * rng.choice((3, 300, 5000)), rng)


def controls(text: str, rng: random.Random) -> str:
    """Put in signs that no page should have, as they are and as references."""
    for _ in range(rng.randint(1, 60)):
        text = insert(text, rng.choice((rng.choice(_ODD), rng.choice(_REFERENCES))), rng)
    return text


def attributes(text: str, rng: random.Random) -> str:
    """Give some tags huge or odd attributes."""
    for _ in range(rng.randint(1, 10)):
        name = rng.choice(("class", "id", "href", "src", "srcset", "style", "datetime", "data-src", "rel", "itemprop"))
        size = rng.choice((1, 50, 20_000))
        value = rng.choice((rng.choice(_ODD), "post-", "a, ", "url(\x01x)", "comments ", rng.choice(_LINKS))) * size
        start = rng.choice([match.end() for match in re.finditer(r"<\w+", text)] or [0])
        text = f'{text[:start]} {name}="{value}"{text[start:]}'
    return text


def links(text: str, rng: random.Random) -> str:
    """Let some addresses and numbers be none."""
    for pattern, odd in ((r'(?<=href=["\'])[^"\']*', _LINKS), (r"(?<=post-)\d+|(?<=p=)\d+", _NUMBERS)):
        for start, end in sorted(_some(pattern, text, rng), reverse=True):
            text = text[:start] + rng.choice(odd) + text[end:]
    return text


def dates(text: str, rng: random.Random) -> str:
    """Let some dates be none, or far away."""
    odd = (
        "0000-00-00T00:00:00+00:00",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٤",
        "32. 13. 2024",
    )
    for start, end in sorted(_some(r"\d{4}-\d\d-\d\d[^\"'<]*", text, rng), reverse=True):
        text = text[:start] + rng.choice(odd) + text[end:]
    return text


def swap(text: str, rng: random.Random) -> str:
    """Let two parts of the page change places."""
    a, b, c, d = sorted(rng.randrange(len(text) + 1) for _ in range(4))
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def insert(text: str, what: str, rng: random.Random) -> str:
    """Put *what* somewhere into *text*."""
    place = rng.randrange(len(text) + 1)
    return text[:place] + what + text[place:]


def _some(pattern: str, text: str, rng: random.Random) -> list[tuple[int, int]]:
    found = [match.span() for match in re.finditer(pattern, text)]
    return rng.sample(found, min(len(found), rng.randint(1, 8)))


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    flip,
    misread,
    cut,
    tags,
    nest,
    controls,
    attributes,
    links,
    dates,
    swap,
)


def mutated(text: str, rng: random.Random) -> str:
    """Return a page changed in one to four ways, mostly with its end in place: a cut page is refused at once."""
    for mutation in rng.choices(MUTATIONS, k=rng.randint(1, 4)):
        text = mutation(text, rng) or SMALL
    return text + "</html>" if rng.random() < 0.9 else text


def read_article(text: str) -> str:
    """Read a page as a post's; return where its body came from. Raises what the parser shouldn't."""
    try:
        return f"read, body {article.read(Selector(text), text, URL).post.content_source}"
    except NotThePage:
        return "refused"


def read_listing(text: str) -> str:
    """Read a page as a listing. Raises what the parser shouldn't."""
    try:
        listing.read(Selector(text), text, URL)
    except NotThePage:
        return "refused"
    return "read"


def main() -> int:
    """Run the rounds that the command line asks for; return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--pages", type=Path, default=CAPTURES, help="a folder of .html files to change (../shared/pages)"
    )
    options.add_argument("--rounds", type=int, default=1000, help="how many pages to read (1000)")
    options.add_argument("--seed", type=int, default=1, help="which pages: the same seed makes the same ones (1)")
    options.add_argument("--seconds", type=float, default=300, help="when to end, however many rounds are left (300)")
    given = options.parse_args()
    files = sorted(given.pages.glob("*.html"))  # none where there is no such folder
    pages = [("a small page", SMALL), *((file.name, file.read_text("utf-8", "replace")) for file in files)]
    counts: Counter[str] = Counter()
    slowest = {"article": (0.0, ""), "listing": (0.0, "")}
    end = time.monotonic() + given.seconds
    for number in range(given.rounds):
        if time.monotonic() > end:
            print(f"time is up after {number} of {given.rounds} rounds")
            break
        rng = random.Random(f"{given.seed}:{number}")
        file, text = rng.choice(pages)
        text = mutated(text, rng)
        for name, parse in (("article", read_article), ("listing", read_listing)):
            began = time.monotonic()
            try:
                counts[f"{name}.read: {parse(text)}"] += 1
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                traceback.print_exc()
                kept = Path(tempfile.mkdtemp(prefix="fuzz-")) / "page.html"
                kept.write_text(text, "utf-8", "surrogatepass")
                print(f"{name}.read broke: seed {given.seed}, round {number}, of {file}: {kept}")
                return 1
            slowest[name] = max(slowest[name], (time.monotonic() - began, f"round {number}, {file}"))
    for outcome, count in sorted(counts.items()):
        print(f"{outcome}: {count}")
    for name, (seconds, where) in slowest.items():
        print(f"{name}.read, slowest: {seconds:.2f} s ({where})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
