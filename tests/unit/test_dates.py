"""What a site writes as a date."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engcrawl.text import dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("AUG 23, 2024", "2024-08-23"),
        ("AUG 5, 2024", "2024-08-05"),
        ("Sep 07, 2023", "2023-09-07"),
        ("FEBRUARY 5, 2025", "2025-02-05"),
        ("  May 18, 2023\n", "2023-05-18"),
        ("Wednesday, February 5, 2025", "2025-02-05"),
        ("2025-02-05", "2025-02-05"),
        ("2025-02-05T18:30:51+00:00", "2025-02-05"),
        ("2026-06-25T23:30:51-07:00", "2026-06-25"),  # the site's day; in UTC it is the next
        ("5. Februar 2025", "2025-02-05"),
        ("6. MÄRZ 2024", "2024-03-06"),
        ("27. Sept. 2025", "2025-09-27"),
        ("2. Dez. 2020", "2020-12-02"),
        ("1er février 2025", "2025-02-01"),
        ("15 août 2025", "2025-08-15"),
        ("3 juil. 2024", "2024-07-03"),
        ("8 décembre 2019", "2019-12-08"),
        ("5 de febrero de 2025", "2025-02-05"),
        ("5 febrero, 2025", "2025-02-05"),
        ("14 Ene 2020", "2020-01-14"),
        ("5 февраля 2025", "2025-02-05"),
        ("12 СЕНТЯБРЯ 2025", "2025-09-12"),
        ("5 мая 2025 г.", "2025-05-05"),
        ("05.02.2025", "2025-02-05"),
        ("13/05/2025", "2025-05-13"),
    ],
)
def test_a_day_is_read_in_every_form_of_stock_themes(text: str, day: str) -> None:
    assert dates.day(text) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "February 2025", "5 February", "31 February 2025", "2025", "12", "10:30", "Monday", "02/05/2025"],
)
def test_a_day_is_never_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="date"):
        dates.day(text)


@pytest.mark.parametrize("language", dates.LANGUAGES)
@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_of_every_language_is_read(language: str, month: int) -> None:
    from babel.dates import format_date

    day = date(2021, month, 9)
    assert dates.day(format_date(day, "d MMMM y", locale=language)) == day
    assert dates.day(format_date(day, "d MMMM y", locale=language).upper()) == day


def test_an_instant_is_in_utc_and_needs_an_offset() -> None:
    assert dates.instant("2025-02-05T10:30:51-08:00") == datetime(2025, 2, 5, 18, 30, 51, tzinfo=UTC)
    assert dates.instant("2025-02-05T18:30:51Z") == datetime(2025, 2, 5, 18, 30, 51, tzinfo=UTC)
    assert dates.instant("2025-02-05T18:30:51") is None
    assert dates.instant("2025-02-05") is None
    with pytest.raises(ValueError, match="isoformat"):
        dates.instant("AUG 23, 2024")


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://engineering.fb.com/2024/10/03/ml-applications/maps/", date(2024, 10, 3)),
        ("https://example.com/blog/2012/01/31/x/", date(2012, 1, 31)),
        ("https://example.com/2012/01/x/", None),
        ("https://example.com/2012/01/28/", None),
        ("https://example.com/2012/31/01/x/", None),
        ("https://example.com/wp-content/uploads/x.png", None),
    ],
)
def test_a_permalinks_day_is_read_where_it_names_one(url: str, day: date | None) -> None:
    assert dates.permalink_day(url) == day


def test_rfc3339_has_whole_seconds_in_utc() -> None:
    moment = datetime.fromisoformat("2025-02-05T10:30:51.987-08:00")
    assert dates.rfc3339(moment) == "2025-02-05T18:30:51Z"
