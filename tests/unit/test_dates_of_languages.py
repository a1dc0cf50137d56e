"""Days as WordPress writes them in its languages, and what is no day that can be known."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from babel import Locale
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from engcrawl.text import date_words, dates

MIN, MAX = datetime(1990, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 - as hypothesis wants them
NUMBERED = {"bo", "dz"}
"""Languages whose months are numbers, in words of their own."""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2018年9月18日", "2018-09-18"),
        ("2018 年 9 月 18 日", "2018-09-18"),
        ("2021年8月9日月曜日", "2021-08-09"),
        ("2018年9月18日(火) 午後3時30分", "2018-09-18"),
        ("2019年9月17日下午3:30", "2019-09-17"),
        ("9 月 18, 2018", "2018-09-18"),
        ("18 9月 2018", "2018-09-18"),
        ("九月 18, 2018", "2018-09-18"),
        ("2018년 9월 18일 화요일 오후 3:30", "2018-09-18"),
        ("2018. 09. 18.", "2018-09-18"),
        ("2018/9/8", "2018-09-08"),
        ("2018-9-8", "2018-09-08"),
        ("２０１８年９月１８日", "2018-09-18"),
        ("١٨ سبتمبر ٢٠١٨", "2018-09-18"),
        ("الثلاثاء، 17 أغسطس 2019", "2019-08-17"),
        ("۲۴ نوامبر ۲۰۱۹", "2019-11-24"),
        ("18 Tháng Chín, 2018", "2018-09-18"),
        ("18 Tháng Mười Hai, 2018", "2018-12-18"),
        ("Ngày 18 tháng 9 năm 2018", "2018-09-18"),
        ("17 Th9 2019", "2019-09-17"),
        ("Do 9 Apr 2020 / 20:50", "2020-04-09"),
        ("09.04.2020 - 20:50 Uhr", "2020-04-09"),
        ("20:50, 9. April 2020", "2020-04-09"),
        ("17. syyskuuta 2019 klo 15.30", "2019-09-17"),
        ("den 17 september 2019 kl. 15:30", "2019-09-17"),
        ("17. september 2019 kl. 15.30", "2019-09-17"),
        ("17. septembers 2019", "2019-09-17"),
        ("17 settembre 2019 alle ore 15:30", "2019-09-17"),
        ("17 sept. 2019 à 15h30", "2019-09-17"),
        ("17 septembre 2019, 15 h 30 min", "2019-09-17"),
        ("17 de setembro de 2019, às 15:30", "2019-09-17"),
        ("5 out 2025", "2025-10-05"),
        ("5 d’abril de 2025", "2025-04-05"),
        ("17 mrt 2019 om 15.30 uur", "2019-03-17"),
        ("maandag 7 september 2020", "2020-09-07"),
        ("12 maj 2020 o godz. 15:30", "2020-05-12"),
        ("17. září 2019", "2019-09-17"),
        ("2019. szeptember 17., kedd", "2019-09-17"),
        ("2019 m. rugsėjo 17 d.", "2019-09-17"),
        ("2019. gada 17. septembris", "2019-09-17"),
        ("2021(e)ko irailaren 9(a)", "2021-09-09"),
        ("17 Eylül 2019 Salı", "2019-09-17"),
        ("17 EKİM 2019", "2019-10-17"),
        ("17 KASIM 2019", "2019-11-17"),
        ("17-го сентября 2019 г. в 15:30", "2019-09-17"),
        ("П’ятниця, 17 Травня 2019", "2019-05-17"),
        ("17 Σεπτεμβρίου 2019", "2019-09-17"),
        ("18 בספטמבר 2018", "2018-09-18"),
        ("วันอังคารที่ 17 กันยายน 2019", "2019-09-17"),
        ("17 सितम्बर 2019", "2019-09-17"),
        ("17. Jänner 2019", "2019-01-17"),
        ("mar. 9 nov. 2021", "2021-11-09"),
        ("March 5th, 2024 at 5:30 pm PST", "2024-03-05"),
        ("1.º de mayo de 2024", "2024-05-01"),
        ("5-Feb-2025", "2025-02-05"),
        ("Feb 5, '25", "2025-02-05"),
    ],
)
def test_a_day_is_read_as_wordpress_writes_it(text: str, day: str) -> None:
    assert dates.day(text) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text",
    [
        "gestern",
        "3 days ago",
        "vor 3 Tagen",
        "3日前",
        "hace 2 semanas",
        "5 junk 2025",
        "Posted 5 May 2025 by 7",
        "5 février",
        "31 février 2025",
        "13.02.25",
        "02-05-2025",
        "02/05/2025 20:50",
        "18年9月6日",
        "令和6年9月18日",
        "民國107年9月18日",
        "5 กุมภาพันธ์ 2567",
        "2567-02-05",
        "۱۴۰۳/۰۵/۱۲",
        "12 مرداد 1403",
        "5 мая 5",
        "5 février mars 2025",
        "5 May 2025 7 May 2025",
        "13月 5, 2025",
        "5 May 2025 " + "at " * 1_000_000,
    ],
)
def test_what_is_no_gregorian_day_or_not_one_alone_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="date"):
        dates.day(text)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("5. listopad 2024", {"cs": "2024-11-05", "hr-HR": "2024-10-05", "pl_PL": "2024-11-05"}),
        ("5. srp 2024.", {"cs-CZ": "2024-08-05", "hr": "2024-07-05"}),
        ("5 lip 2024", {"pl-PL": "2024-07-05", "hr": "2024-06-05"}),
        ("5 out 2024", {"pt-BR": "2024-10-05", "mfe": "2024-08-05"}),
        ("5 kor 2024", {"sq": "2024-07-05", "ff": "2024-06-05"}),
        ("9 Sat 2021", {"ha": "2021-09-09"}),
        ("5 mar 2025", {"fi": "2025-03-05", "en-US": "2025-03-05", "xx": "2025-03-05"}),
        ("5. mars 2025", {"nb-NO": "2025-03-05", "nn": "2025-03-05", "tl": "2025-03-05"}),
    ],
)
def test_the_pages_language_decides_what_a_months_name_means(text: str, readings: dict[str, str]) -> None:
    assert {language: dates.day(text, language).isoformat() for language in readings} == readings


@pytest.mark.parametrize("text", ["5. listopad 2024", "5 listopada 2024", "5. srp 2024", "5 lip 2024"])
@pytest.mark.parametrize("language", [None, "", "en-US"])
def test_a_name_of_two_months_is_not_read_without_the_language(text: str, language: str | None) -> None:
    with pytest.raises(ValueError, match="two ways"):
        dates.day(text, language)


def test_a_language_does_not_decide_what_is_the_day_and_what_the_month() -> None:
    for language in ("en-US", "en-GB", "de", "fr-FR"):
        with pytest.raises(ValueError, match="two ways"):
            dates.day("02/05/2025", language)


def unstated(text: str) -> date | None:
    """The day of *text* where no page states its language; None where it can be read in two ways."""
    try:
        return dates.day(text)
    except ValueError:
        return None


@pytest.mark.parametrize("language", dates.LANGUAGES)
@pytest.mark.parametrize("month", range(1, 13))
def test_the_months_of_some_languages_need_no_statement(language: str, month: int) -> None:
    day = date(2021, month, 9)
    assert {unstated(format_date(day, f"d {width} y", locale=language)) for width in ("MMM", "MMMM")} == {day}


@pytest.mark.parametrize("language", sorted(set(date_words.LANGUAGES) - NUMBERED))
def test_every_month_of_every_language_is_read(language: str) -> None:
    for month in range(1, 13):
        day = date(2021, month, 9)
        for pattern in ("long", "d MMMM y"):
            text = format_date(day, pattern, locale=Locale(language))
            assert dates.day(text, language) == day
            assert unstated(text) in (day, None)


def test_a_year_ahead_is_scheduled_and_two_are_another_calendar() -> None:
    year = datetime.now(UTC).year
    assert dates.day(f"5 May {year + 1}") == date(year + 1, 5, 5)
    with pytest.raises(ValueError, match="calendar"):
        dates.day(f"5 May {year + 2}")


_PIECES = ["5", "05", "2025", "25", "13", "May", "mars", "listopad", "Montag", "年", "月", "日", "h", "th", ":", "30"]


@given(st.lists(st.sampled_from([*_PIECES, ".", "/", "-", ",", " "]) | st.characters(), max_size=12))
def test_any_text_gives_a_day_or_a_value_error(pieces: list[str]) -> None:
    try:
        found = dates.day("".join(pieces))
    except ValueError:
        return
    assert 1583 <= found.year <= datetime.now(UTC).year + 1


def test_a_crawl_of_an_english_blog_opens_no_language() -> None:
    code = (
        "from engcrawl.text import date_words, dates; dates.day('AUG 5, 2024'); dates.day('2024年8月5日');"
        "assert not date_words.of_all.cache_info().currsize; dates.day('5. März 2024', 'de-DE');"
        "assert not date_words.of_all.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("day", "instant", "contradiction"),
    [
        ("2025-02-05", "2025-02-05T18:30:51Z", False),
        ("2025-02-05", "2025-02-04T10:00:00Z", False),  # noon of the day at UTC+14
        ("2025-02-05", "2025-02-04T09:59:59Z", True),
        ("2025-02-05", "2025-02-06T11:59:59Z", False),  # the day's last second at UTC-12
        ("2025-02-05", "2025-02-06T12:00:00Z", True),
        ("2025-02-05", "2025-02-06T04:59:59-07:00", False),
        ("2025-02-05", "2024-02-05T18:30:51Z", True),
        ("0001-01-01", "9999-12-31T23:59:59Z", True),
    ],
)
def test_a_day_contradicts_an_instant_that_falls_on_it_nowhere(day: str, instant: str, contradiction: bool) -> None:
    assert dates.contradicts(day, instant) is contradiction


@given(st.datetimes(timezones=st.just(UTC), min_value=MIN, max_value=MAX), st.integers(-12 * 4, 14 * 4))
def test_no_time_zone_makes_a_contradiction(moment: datetime, quarters: int) -> None:
    local = moment + timedelta(minutes=15 * quarters)
    assert not dates.contradicts(local.date().isoformat(), dates.rfc3339(moment))


@pytest.mark.parametrize(("day", "instant"), [("2025-02-05", "2025-02-05T18:30:51"), ("AUG 5, 2024", "x")])
def test_what_is_no_day_or_no_instant_has_no_answer(day: str, instant: str) -> None:
    with pytest.raises(ValueError, match=r"instant|isoformat"):
        dates.contradicts(day, instant)
