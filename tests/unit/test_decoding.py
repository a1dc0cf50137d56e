"""The encoding of a body: what its bytes are, whatever is claimed."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engcrawl.text.decoding import Decoded, Kind, decoded

LATIN_1 = "text/html; charset=ISO-8859-1"
UTF_8 = "text/html; charset=UTF-8"
WORDS = {
    "cp1252": ("iso-8859-1", "Déjà vu – œuvre, “naïve”, 5 €"),
    "cp1251": ("windows-1251", "Съешь же ещё этих мягких французских булок"),
    "koi8-r": ("koi8-r", "Съешь же ещё этих мягких французских булок"),
    "cp932": ("Shift_JIS", "いろはにほへと ちりぬるを、ソースコード表示"),
    "euc_jp": ("EUC-JP", "いろはにほへと ちりぬるを、ソースコード表示"),
    "iso2022_jp": ("ISO-2022-JP", "いろはにほへと ちりぬるを"),
    "gb18030": ("gb2312", "我能吞下玻璃而不伤身体。联通"),
    "big5hkscs": ("big5", "我能吞下玻璃而不傷身體。"),
    "cp949": ("euc-kr", "나는 유리를 먹을 수 있어요."),
    "cp874": ("tis-620", "ฉันกินกระจกได้ แต่มันไม่ทำให้ฉันเจ็บ"),
    "cp1254": ("iso-8859-9", "Pijamalı hasta yağız şoföre çabucak güvendi."),
    "iso8859-2": ("iso-8859-2", "Zażółć gęślą jaźń"),
}


def page(text: str, charset: str | None = None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<!DOCTYPE html><html><head>{meta}<title>x</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(("codec", "label", "words"), [(codec, *more) for codec, more in WORDS.items()])
def test_a_page_in_another_encoding_is_read_as_its_header_or_it_itself_states(
    codec: str, label: str, words: str
) -> None:
    bare, stating = page(words), page(words, label)
    http_equiv = page(words).replace(
        "<head>", f'<head><meta http-equiv="Content-Type" content="text/html; charset={label}">'
    )
    assert decoded(bare.encode(codec), f"text/html; charset={label}", "html") == Decoded(bare, codec)
    assert decoded(stating.encode(codec), None, "html") == Decoded(stating, codec)
    assert decoded(stating.encode(codec), "text/html", "html") == Decoded(stating, codec)
    assert decoded(http_equiv.encode(codec), None, "html") == Decoded(http_equiv, codec)


@pytest.mark.parametrize(("codec", "label", "words"), [(codec, *more) for codec, more in WORDS.items()])
@pytest.mark.parametrize("header", [LATIN_1, UTF_8])
def test_a_servers_default_goes_behind_what_fits_the_bytes(codec: str, label: str, words: str, header: str) -> None:
    text = page(words, label)
    found = decoded(text.encode(codec), header, "html")
    assert (found.text, found.encoding) == (text, codec)
    if not text.encode(codec).isascii() and (codec, header) != ("cp1252", LATIN_1):
        assert found.overruled == header.rpartition("=")[2].lower()


@pytest.mark.parametrize(
    "header", [LATIN_1, "text/html; charset=windows-1251", "text/html;charset='us-ascii'", 'x; Charset="GBK"', None]
)
@pytest.mark.parametrize("meta", [None, "utf-8", "iso-8859-1", "windows-1251"])
def test_valid_utf_8_is_utf_8(header: str | None, meta: str | None) -> None:
    text = page("It’s naïve — Ж 我", meta)
    assert decoded(text.encode(), header, "html").text == text
    assert decoded(text.encode(), header, "html").encoding == "utf-8"


@pytest.mark.parametrize(
    ("header", "overruled"),
    [
        (LATIN_1, "iso-8859-1"),
        ("text/html; charset=Windows-1251", "windows-1251"),
        ('text/html; charset="gbk"; x=y', "gbk"),
        (UTF_8, None),
        ("text/html; charset=utf8", None),
        ("text/html; charset=unheard-of", None),
        ("text/html", None),
        ("", None),
        (None, None),
    ],
)
def test_a_header_is_overruled_where_it_names_another_charset(header: str | None, overruled: str | None) -> None:
    assert decoded(page("It’s").encode(), header, "html").overruled == overruled
    assert decoded(codecs.BOM_UTF8 + b"x", header, "html").overruled == overruled


@pytest.mark.parametrize("header", [LATIN_1, UTF_8, "text/html; charset=shift_jis", None])
def test_ascii_overrules_nothing(header: str | None) -> None:
    assert decoded(page("It&rsquo;s ~ \\", "windows-1251").encode(), header, "html") == Decoded(
        page("It&rsquo;s ~ \\", "windows-1251"), "utf-8"
    )


@pytest.mark.parametrize(
    ("mark", "codec"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_goes_before_all_and_is_no_text(mark: bytes, codec: str) -> None:
    text = page("Ж", "windows-1251")
    assert decoded(mark + text.encode(codec), LATIN_1, "html") == Decoded(text, codec, "iso-8859-1")


@pytest.mark.parametrize("header", [UTF_8, LATIN_1, None])
@pytest.mark.parametrize("meta", ["utf-8", None, "iso-8859-1"])
def test_a_few_broken_bytes_leave_utf_8_what_it_is(header: str | None, meta: str | None) -> None:
    body = page("naïve " * 9 + "@ " + "它" * 9, meta).encode().replace(b"@", b"\xe2\x80")
    found = decoded(body, header, "html")
    assert found.text == page("naïve " * 9 + "\ufffd " + "它" * 9, meta)
    assert found.overruled == ("iso-8859-1" if header == LATIN_1 else None)


def test_a_page_that_says_utf_8_and_has_another_byte_alone_keeps_its_word() -> None:
    assert decoded(b"caf\xe9", UTF_8, "html") == Decoded("caf\ufffd", "utf-8")


def test_what_states_nothing_and_is_not_utf_8_is_windows_1252() -> None:
    assert decoded(b"caf\xe9 \x80", None, "html") == Decoded("café €", "cp1252")
    assert decoded(b"caf\xe9 \x80", LATIN_1, "html") == Decoded("café €", "cp1252")


def test_a_wrong_meta_does_not_beat_a_header_that_fits() -> None:
    text = page("Съешь же ещё этих мягких", "utf-8")
    assert decoded(text.encode("cp1251"), "text/html; charset=windows-1251", "html") == Decoded(text, "cp1251")
    text = page("naïve, déjà vu", "utf-8")
    assert decoded(text.encode("cp1252"), LATIN_1, "html") == Decoded(text, "cp1252")


def test_json_is_utf_8_and_states_no_encoding_of_its_own() -> None:
    text = '{"a": "It’s <meta charset=windows-1251>"}'
    assert decoded(text.encode(), "application/json; charset=iso-8859-1", "json") == Decoded(
        text, "utf-8", "iso-8859-1"
    )
    assert decoded(codecs.BOM_UTF8 + text.encode(), "application/json", "json") == Decoded(text, "utf-8")
    assert decoded(b'{"a": "<meta charset=windows-1251> \xff"}', None, "json").text.endswith('\ufffd"}')
    assert decoded('["Ж"]'.encode("cp1251"), "application/json; charset=windows-1251", "json").text == '["Ж"]'


def test_xml_states_its_encoding_in_its_declaration() -> None:
    text = '<?xml version="1.0" encoding="{}"?><rss>Ж <![CDATA[<meta charset="koi8-r">]]></rss>'
    russian, wrong = text.format("windows-1251"), text.format("iso-8859-1")
    assert decoded(russian.encode("cp1251"), "text/xml", "xml") == Decoded(russian, "cp1251")
    assert decoded(russian.encode("cp1251"), "text/xml; charset=UTF-8", "xml") == Decoded(russian, "cp1251", "utf-8")
    assert decoded(wrong.encode(), "application/rss+xml; charset=iso-8859-1", "xml") == Decoded(
        wrong, "utf-8", "iso-8859-1"
    )
    assert decoded(b"<rss>\xff</rss>", None, "xml") == Decoded("<rss>\ufffd</rss>", "utf-8")


@pytest.mark.parametrize("charset", ["hex", "rot13", "utf-7", "zlib", "unicode_escape", "idna", "undefined", "x" * 999])
def test_a_codec_for_other_uses_is_no_charset(charset: str) -> None:
    body = page("caf\xe9", charset).encode("cp1252")
    assert decoded(body, f"text/html; charset={charset}", "html").text == page("café", charset)


@given(st.binary(max_size=200), st.text(max_size=40), st.sampled_from(["html", "json", "xml"]))
def test_any_body_has_a_text(body: bytes, charset: str, kind: Kind) -> None:
    decoded(body, f"text/html; charset={charset}", kind).text.encode()  # it has no half of a character


@given(st.text())
def test_utf_8_comes_back(text: str) -> None:
    text = text.lstrip("\ufeff")
    assert decoded(text.encode(), LATIN_1, "html").text == text
