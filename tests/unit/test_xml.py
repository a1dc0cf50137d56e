"""Read sitemaps and feeds that declare entities: none is expanded."""

from __future__ import annotations

from pathlib import Path

import pytest

from engcrawl.pages import NotThePage, feed, sitemap


@pytest.mark.parametrize(
    "subset",
    [
        "",
        ' [<!ENTITY % p SYSTEM "{file}"> %p;]',
        " SYSTEM '{file}'",
        """ SYSTEM "a>b" [<!ENTITY e SYSTEM '{file}'>]""",
    ],
)
def test_no_file_is_read_for_an_entity(tmp_path: Path, subset: str) -> None:
    (tmp_path / "secret").write_text('<!ENTITY e "sesame">')
    doctype = f"<!DOCTYPE x{subset.format(file=(tmp_path / 'secret').as_uri())}>"
    documents = {
        sitemap.read: f"{doctype}<urlset><url><loc>http://x/&e;</loc></url></urlset>",
        feed.read: f"{doctype}<rss><channel><item><link>http://x/&e;</link></item></channel></rss>",
    }
    for read, document in documents.items():
        try:
            found = repr(read(document.encode(), "http://x/"))
        except NotThePage as error:
            found = str(error)
        assert "sesame" not in found
