"""The blocks that bodies are made of: what the blog serves, and what an archive must make of it.

Each is written down by hand three times, so that the ground truth owes nothing to the crawler's code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

_NOUNS = [
    "queue",
    "shard",
    "index",
    "cache",
    "replica",
    "kernel",
    "packet",
    "tensor",
    "ledger",
    "sensor",
    "compiler",
    "router",
    "codec",
    "cluster",
]
_VERBS = [
    "moves",
    "splits",
    "checks",
    "repairs",
    "copies",
    "measures",
    "orders",
    "drops",
    "stores",
    "streams",
    "balances",
    "rewrites",
]
_ENDS = [
    "within a second",
    "before the deadline",
    "on every host",
    "without a lock",
    "at night",
    "under load",
    "for free",
]
_FOREIGN = (
    "Очередь хранит записи до утра, и ни одна не теряется.",
    "索引は毎晩作り直され、古いものは残らない。",
    "Die Größe der Warteschlange wächst, wenn Prüfungen fehlen.",
    "Η μνήμη δεν μεγαλώνει όσο μεγαλώνει το αρχείο.",
)


@dataclass(frozen=True)
class Block:
    """A block as served, and as it must stand in ``content_html`` and ``content_markdown``."""

    source: str
    html: str
    markdown: str


def words(rng: Random, sentences: int) -> str:
    """Plain sentences without any sign that HTML or Markdown would escape."""
    return " ".join(
        f"The {rng.choice(_NOUNS)} {rng.choice(_VERBS)} the {rng.choice(_NOUNS)} {rng.choice(_ENDS)}."
        for _ in range(sentences)
    )


def _paragraph(rng: Random, base: str) -> Block:
    text = words(rng, rng.randint(2, 6))
    return Block(f"<p>{text}</p>", f"<p>{text}</p>", text)


def _styled(rng: Random, base: str) -> Block:
    text = words(rng, 2)
    html = f'<p><span style="font-weight: 400;">{text}</span></p>'
    return Block(html, html, text)


def _link(rng: Random, base: str) -> Block:
    text, path = words(rng, 1), f"/notes/{rng.randint(1, 999)}/"
    return Block(
        f'<p>{text} See <a href="{path}">the <em>older</em> note</a>.</p>',
        f'<p>{text} See <a href="{base}{path}">the <em>older</em> note</a>.</p>',
        f"{text} See [the *older* note]({base}{path}).",
    )


def _entities(rng: Random, base: str) -> Block:
    n = rng.randint(2, 99)
    return Block(
        f"<p>It&#8217;s R&amp;D &mdash; &lt;fast&gt;, &eacute;tape {n} &hellip;</p>",
        f"<p>It’s R&amp;D — &lt;fast&gt;, étape {n} …</p>",
        f"It’s R&D — \\<fast>, étape {n} …",
    )


def _foreign(rng: Random, base: str) -> Block:
    text = rng.choice(_FOREIGN)
    return Block(f"<p>{text}</p>", f"<p>{text}</p>", text)


def _heading(rng: Random, base: str) -> Block:
    text = f"Why the {rng.choice(_NOUNS)} matters"
    html = f'<h2 class="wp-block-heading"><span style="font-weight: 400;">{text}</span></h2>'
    return Block(html, html, f"## {text}")


def _code(rng: Random, base: str) -> Block:
    name = rng.choice(_NOUNS)
    escaped = f"def {name}(x):\n    if x &lt; 1 &amp;&amp; x:\n        return x_{name} * 2\n"
    plain = f"def {name}(x):\n    if x < 1 && x:\n        return x_{name} * 2\n"
    html = f'<pre class="wp-block-code"><code class="language-python">{escaped}</code></pre>'
    return Block(html, html, f"```python\n{plain}```")


def _table(rng: Random, base: str) -> Block:
    rows = [(rng.choice(_NOUNS), rng.randint(1, 500)) for _ in range(3)]
    body = "".join(f"<tr><td>{name}</td><td>{n}</td></tr>" for name, n in rows)
    html = f"<table><thead><tr><th>Part</th><th>ms</th></tr></thead><tbody>{body}</tbody></table>"
    lines = ["| Part | ms |", "| --- | --- |", *(f"| {name} | {n} |" for name, n in rows)]
    return Block(html, html, "\n".join(lines))


def _list(rng: Random, base: str) -> Block:
    a, b, c = rng.sample(_NOUNS, 3)
    html = f"<ul><li>the {a}<ul><li>the {b}</li></ul></li><li>the {c}</li></ul>"
    return Block(html, html, f"- the {a}\n  - the {b}\n- the {c}")


def _steps(rng: Random, base: str) -> Block:
    a, b = rng.sample(_NOUNS, 2)
    html = f'<ol><li aria-level="1">Stop the {a}.</li><li aria-level="1">Start the {b}.</li></ol>'
    return Block(html, html, f"1. Stop the {a}.\n2. Start the {b}.")


def _quote(rng: Random, base: str) -> Block:
    text = words(rng, 1)
    html = f"<blockquote><p>{text}</p></blockquote>"
    return Block(html, html, f"> {text}")


def _figure(rng: Random, base: str) -> Block:
    path, alt = f"/wp-content/uploads/2021/10/chart-{rng.randint(1, 99)}.png", f"a {rng.choice(_NOUNS)}"
    caption = words(rng, 1)

    def html(host: str) -> str:
        return (
            f'<figure class="wp-caption"><img decoding="async" src="{host}{path}?w=1024" alt="{alt}" '
            f'srcset="{host}{path} 1534w, {host}{path}?resize=580,326 580w">'
            f'<figcaption class="wp-caption-text">{caption}</figcaption></figure>'
        )

    return Block(html(""), html(base), f"![{alt}]({base}{path}?w=1024)\n\n{caption}")


def _script(rng: Random, base: str) -> Block:
    return Block("<!-- wp:html --><script>document.write('<p>not the body</p>')</script><!-- /wp:html -->", "", "")


def _style(rng: Random, base: str) -> Block:
    return Block("<style>.note { color: red }</style><noscript><p>not the body</p></noscript>", "", "")


_KINDS: tuple[Callable[[Random, str], Block], ...] = (
    *(_paragraph,) * 4,
    *(_styled, _link, _entities, _foreign, _heading, _code, _table, _list, _steps, _quote, _figure, _script, _style),
)


def body(rng: Random, base: str) -> list[Block]:
    """The blocks of one page of a body: it begins and ends with a plain paragraph."""
    inner = [rng.choice(_KINDS)(rng, base) for _ in range(rng.randint(6, 14))]
    return [_paragraph(rng, base), *inner, _paragraph(rng, base)]
