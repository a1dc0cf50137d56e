"""Bodies of which nothing runs, in whatever form: one of SECURITY.md's promises."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from engcrawl.pages import body
from engcrawl.text.markdown import markdown

SCRIPTED = [
    '<a href="javascript:alert(1)">t</a>',
    '<a href="JaVa\tScRiPt:alert(1)">t</a>',
    '<a href=" &#1; javascript:alert(1)">t</a>',
    '<a href="jav&#x0A;ascript&colon;alert(1)">t</a>',
    '<a href="vbscript:x">t</a>',
    f'<a href="{" " * 99}data:text/html,<script>alert(1)</script>">t</a>',
    '<a href="data:image/svg+xml,<svg onload=alert(1)>">t</a>',
    '<img src="x" onerror="alert(1)">',
    '<img src="javascript:alert(1)">',
    '<img src="data:text/html;base64,AAAA">',
    "<body onload=alert(1)><svg onload=alert(1)>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<iframe><a href=javascript:alert(1)>t</a></iframe>",
    '<svg><script>alert(1)</script><animate attributeName="href" values="javascript:alert(1)"/></svg>',
    '<svg><a xlink:href="javascript:alert(1)"><text>t</text></a></svg>',
    '<svg><use href="data:image/svg+xml,x"/><foreignObject><script>alert(1)</script></foreignObject></svg>',
    '<svg><set attributeName="onload" to="alert(1)"/></svg>',
    '<math><maction actiontype="statusline" xlink:href="javascript:alert(1)">t</maction></math>',
    '<math><annotation-xml encoding="text/html"><script>alert(1)</script></annotation-xml></math>',
    '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)">',
    '<base href="javascript:/"><meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    '<link rel="stylesheet" href="javascript:alert(1)">',
    '<form action="javascript:alert(1)"><button formaction="javascript:alert(1)">t</button><input></form>',
    '<p style="width:expression(alert(1))">t</p><p style="background:url(javascript:alert(1))">t</p>',
    '<p style="-moz-binding:url(x)">t</p><p style="width:e\\78pression(alert(1))">t</p>',
    '<video poster="javascript:alert(1)"><source src="javascript:alert(1)" onerror="alert(1)"></video>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>',
    '<noembed><p title="</noembed><iframe><a href=javascript:alert(1)>x</a></iframe>"></noembed>',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<template><script>alert(1)</script></template><x-y onclick="alert(1)">t</x-y>',
    '<details open ontoggle="alert(1)">t</details><p x:onclick="alert(1)">t</p>',
]
KEPT = [
    '<pre class="wp-block-code"><code class="language-c++">a &lt; b &amp;&amp; c\n</code></pre>',
    '<table class="x"><tr><td colspan="2">1</td></tr></table>',
    '<ol reversed start="3"><li value="2">a<ul><li>b</li></ul></li></ol>',
    '<figure class="wp-caption" id="f1"><img src="https://h/a.png" srcset="https://h/a.png 1x, https://h/b.png 2x" '
    'sizes="100vw" alt="a &amp; b" width="1" height="2" loading="lazy"><figcaption>c</figcaption></figure>',
    '<p style="font-weight: 400;" data-x="1" aria-level="1">a\xa0b <a href="https://h/?a=1&amp;b=2#c" target="_blank" '
    'rel="noopener">l</a> <a href="mailto:a@b.example">m</a></p>',
    '<iframe src="https://www.youtube.com/embed/x" width="560" height="315" allow="autoplay" allowfullscreen></iframe>',
    '<video controls src="https://h/a.mp4" poster="https://h/a.png"></video>',
    '<audio controls><source src="https://h/a.mp3" type="audio/mpeg"></source></audio>',
    '<picture><source srcset="https://h/a.webp" type="image/webp"></source><img src="https://h/a.png"></picture>',
    '<img src="data:image/png;base64,AAAA" alt="">',
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mi>x</mi><mn>2</mn></mfrac></math>',
    '<svg viewbox="0 0 1 1"><path d="M0 0"></path><text x="1">t</text></svg>',
    "<pre>\nfirst line\n</pre>",
    "<details open><summary>s</summary>t</details><p>H<sub>2</sub>O <kbd>x</kbd> <mark>y</mark></p>",
]


def cleaned(markup: str) -> str:
    """A body with this markup as an archive has it."""
    return body.cleaned(html.fragment_fromstring(markup, create_parent="div"), "https://h/p/") or ""


def scripts(markup: str) -> list[str]:
    """What in *markup* would run, or send its reader somewhere that isn't the web; read by another parser."""
    root = html.fragment_fromstring(markup, create_parent="div")
    never = "script style object embed base meta link form input template animate set foreignobject maction use"
    found = [element.tag for element in root.iter() if element.tag in never.split()]
    for element in root.iter():
        for name, value in element.attrib.items():
            plain = re.sub(r"[\x00-\x20]", "", value).lower()
            picture = element.tag == "img" and plain.startswith("data:image/")
            scheme = plain.startswith(("javascript:", "vbscript:", "data:")) and not picture
            style = name == "style" and re.search(r"expression|binding|script|\\", plain)
            if scheme or style or name.rpartition(":")[2].startswith("on") or name in ("srcdoc", "formaction"):
                found.append(f"{name}={value}")
    return found


@pytest.mark.parametrize("markup", SCRIPTED)
def test_nothing_in_a_body_runs(markup: str) -> None:
    assert scripts(cleaned(f"<p>before</p>{markup}<p>after</p>")) == []
    assert "before" in cleaned(f"<p>before</p>{markup}")


@given(
    st.lists(
        st.sampled_from([*SCRIPTED, *KEPT, "</p>", "<table>", "<svg>", "<math>", "<!--", "<p title='"]), max_size=6
    )
)
def test_nothing_in_a_body_runs_however_its_parts_are_mixed(parts: list[str]) -> None:
    assert scripts(cleaned("".join(parts))) == []


@pytest.mark.parametrize("markup", KEPT)
def test_what_is_harmless_stays_to_the_letter(markup: str) -> None:
    assert cleaned(markup) == markup


J = "javascript:alert(1)"
X = "&lt;img src=x onerror=alert(1)&gt;"
WRITTEN = [
    f"<p>[x]({J})</p>",
    f"<p>[x]<b></b>({J})</p>",
    f"<p>[x]<b> </b>({J})</p>",
    f"<p>[x]: {J}</p><p>[x]</p>",
    f"<p>[x]<i></i>: {J}</p><p>[x]</p>",
    f"<p>[x\\]({J})</p>",
    f"<p>[x\\<b></b>]<i></i>({J})</p>",
    f"<p>![x]({J}) &lt;{J}&gt;</p>",
    f'<p><img src="https://h/a.png) [x]({J}" alt="q"></p>',
    f'<p><img src="https://h/a.png" alt="](https://h/) [x]({J}) ![" title="a\n\n[x]({J})"></p>',
    f'<a href="https://h/" title="a\n\n[x]({J})">t</a>',
    f'<a href="https://h/" title=\'a\\") [x]({J})\'>t</a>',
    f'<iframe src="https://h/" title="](h) [x]({J})"></iframe>',
    f"<code>a<p></p>[x]({J})</code><kbd>a<br><br>[x]({J})</kbd>",
    f"<pre>```\n[x]({J})\n```\n</pre>",
    f"<ul><li>[x]: {J}</li><li>[x]</li></ul>",
    f"<table><tr><td>[x]({J})</td></tr></table><h2>[x]({J})</h2>",
    f'<video src="https://h/a) [x]({J}" poster="https://h/"></video>',
    f'<p>[x<a href="https://h/">]({J})</a></p>',
    f"<p>\\&lt;{J}&gt; \\{X}</p>",
    f"<p>x\\<b>y</b>\\{X}</p>",
    f"<p>`{X}` `<code>{X}</code></p>",
    f"<p>a`b</p><p>`</p><code>{X}</code>",
    f"<p>``<code>`{X}`</code></p><h1>`</h1><p><code>{X}</code></p>",
    f"<code>x\n\n{X}</code><code>a`{X}</code>",
    f"<pre>\n```\n{X}\n</pre><pre>```` {X}\n```` \n{X}</pre>",
    f"<ul><li><pre>a\n\n{X}</pre></li></ul><blockquote><pre>a\n\n{X}\n```\n{X}</pre></blockquote>",
    f"<table><tr><th>a|`</th></tr><tr><td><pre>{X}\n{X}</pre></td></tr><tr><td>`{X}</td></tr></table>",
    f"<table><tr><td>a\\|{X}<code>\\|{X}</code></td><td>`</td></tr></table>",
    f'<h2><pre>{X}</pre></h2><a href="https://h/"><pre>{X}\n\n{X}</pre></a><i><pre>{X}\n\n{X}</pre></i>',
    f'<a href="https://h/`{X}" title="`{X}">`{X}</a>',
    f'<p>`<a href="https://h/" title="`{X}">t</a></p>',
    f'<img src="https://h/a" alt="`\\{X}`" title="&quot; `{X}">',
    f'<iframe src="https://h/`" title="`\\{X}"></iframe><audio src="https://h/`{X}"></audio><video>\\{X}</video>',
    f"<figure><figcaption>\\{X}</figcaption></figure><dl><dt>\\{X}</dt><dd>`{X}</dd></dl><kbd>`{X}</kbd>",
]


def rendered(text: str) -> str:
    """What a reader's CommonMark makes of a Markdown text: HTML in it is let through."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # it would hide what we look for
    return str(parser.render(text))


@pytest.mark.parametrize("markup", [*WRITTEN, *SCRIPTED])
def test_nothing_in_markdown_runs(markup: str) -> None:
    found = rendered(markdown(cleaned(markup)) or "")
    assert scripts(found) == []
    links = re.findall(r'(?:href|src)="([^"]*)"', found)
    assert [url for url in links if url and not url.startswith(("https://", "data:image/png"))] == []


@given(st.lists(st.sampled_from([*WRITTEN, "`", "<p>`</p>", "\\\\", "<ul><li>", "<blockquote>", "<td>"]), max_size=5))
def test_nothing_in_markdown_runs_however_its_parts_are_mixed(parts: list[str]) -> None:
    assert scripts(rendered(markdown(cleaned("".join(parts))) or "")) == []


def test_code_keeps_its_lines_in_a_block_and_is_one_line_in_text() -> None:
    assert markdown("<pre><code>a\n\n  b</code></pre><p>x <code>c\n\nd</code></p>") == "```\na\n\n  b\n```\n\nx `c d`"
    assert markdown('<a href="https://h/"><pre>a\n\nb</pre></a>') == "[`a b`](https://h/)"
    assert markdown("<p><code>a</code><code>b</code></p>") == "`a` `b`"
