"""``make bench-peers`` and ``make bench-peers-large``: `archive` beside what a user would write instead.

Whole processes on loopback, without pauses, 16 requests at once, each contender in turn.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench.measure import Cost, Site, archive, bare, cost, recording, served, table
from tests.bench.peers.aims import Aim, paired, printed
from tests.bench.peers.contenders import ARCHIVE, BARE, CRAWLEE, REST, Contender, Result, contenders, interleaved

NOBODY = "http://127.0.0.1:1"
"""Nothing listens there: each connection is refused."""


def peers(crawlee: Path, posts: int, rounds: int) -> None:
    """Print what each contender costs and finds, what a start and a quiet night cost, and which aims are met."""
    with served(posts) as site, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output, first, night = folder / "output", folder / "first.urls", folder / "night.urls"
        for urls in (first, night):
            cost(archive(site.url, **recording(urls)), output)
        posts_found = len((output / "posts.jsonl").read_text("utf-8").splitlines())
        chosen = contenders(crawlee) | {BARE: Contender(lambda _, __: bare(first), posts_found)}
        results = interleaved(chosen, site, folder, rounds)
        starts = start_up(folder, rounds)
        nights = quiet_nights(site, output, night, rounds)
        asked = [len(urls.read_text().splitlines()) for urls in (first, night)]
    print(f"{machine()}; {posts:,} posts, medians of {rounds}; `archive` asked {asked[0]:,} times\n")
    print(compared(results))
    print(f"\nA start (a refused port), and a night without news ({asked[1]} requests):\n")
    names = "`archive`, a start", "bare spider, a start", "`archive`, a quiet night", "bare spider, its requests"
    print(others(dict(zip(names, (*starts, *nights), strict=True))))
    ours, theirs = results[ARCHIVE], results[CRAWLEE]
    above = median(r.cost.peak for r in ours) - median(r.cost.peak for r in results[BARE])
    aims = (
        Aim("CPU a post, of crawlee's", paired(ours, theirs, lambda r: r.cpu), 1),
        Aim("posts/s, of crawlee's", paired(ours, theirs, lambda r: r.speed), 1, least=True),
        Aim("CPU of a start, of the bare spider's", paired(*starts, lambda c: c.cpu), 1.25),
        Aim("CPU of a quiet night, of the bare spider's", paired(*nights, lambda c: c.cpu), 1.6),
        Aim("peak, above the bare spider's", above, 35, unit="MB"),
    )
    print(f"\n{printed(aims)}")


def large(crawlee: Path, few: int, many: int, most: int) -> None:
    """Print what *many* posts cost from REST and with crawlee, and what *most* cost beside *few*."""
    chosen = contenders(crawlee)
    against = grown(chosen, (CRAWLEE, REST), many, 2)
    aims = [
        Aim(
            f"{REST}: posts/s at {many:,}, of crawlee's",
            paired(against[REST], against[CRAWLEE], lambda r: r.speed),
            3,
            least=True,
        )
    ]
    small, big = grown(chosen, (ARCHIVE, REST), few, 3), grown(chosen, (ARCHIVE, REST), most, 1)
    with tempfile.TemporaryDirectory() as folder:
        start = median(c.wall for c in start_up(Path(folder), 3)[0])
    for name, results in small.items():
        one = big[name][0]
        # Without the start, which at few posts is a tenth of it all, and would hide that much growth.
        times = after(start, one) / median(after(start, r) for r in results)
        above = one.cost.peak - median(r.cost.peak for r in results)
        aims += [
            Aim(f"{name}: time a post, after the start, at {most:,}, of that at {few:,}", times, 1.1),
            Aim(f"{name}: peak at {most:,}, above that at {few:,}", above, 10, unit="MB"),
        ]
    print(printed(aims))


def grown(every: Mapping[str, Contender], names: Sequence[str], posts: int, rounds: int) -> dict[str, list[Result]]:
    """Run some of the contenders on a blog of so many posts, and print what they cost."""
    with served(posts) as site, tempfile.TemporaryDirectory() as folder:
        results = interleaved({name: every[name] for name in names}, site, Path(folder), rounds)
    print(f"{machine()}; {posts:,} posts, medians of {rounds}\n\n{compared(results)}\n", flush=True)
    return results


def after(start: float, result: Result) -> float:
    """Return the seconds a post after the *start*, which every run takes once."""
    return (result.cost.wall - start) / result.posts


def start_up(folder: Path, rounds: int) -> tuple[list[Cost], list[Cost]]:
    """Measure a run that reaches nobody, and the bare spider's."""
    nobody = folder / "nobody.urls"
    nobody.write_text(NOBODY)
    pairs = [
        (cost(archive(NOBODY), folder / "nobody", status=1), cost(bare(nobody), folder, folder)) for _ in range(rounds)
    ]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def quiet_nights(site: Site, output: Path, urls: Path, rounds: int) -> tuple[list[Cost], list[Cost]]:
    """Measure runs on an *output* that has everything, and the bare spider that asks for the same addresses."""
    pairs = [(cost(archive(site.url), output), cost(bare(urls), output, output.parent)) for _ in range(rounds)]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def compared(results: Mapping[str, Sequence[Result]]) -> str:
    """Return the contenders' table."""
    titles = "records", "bodies", "instants", "posts/s", "CPU ms a post", "peak MB", "blog's CPU, of the time"
    rows = []
    for name, each in results.items():
        last = each[-1]
        counts = [f"{n:,}" for n in (last.posts, last.bodies, last.instants)] if last.bodies else ["", "", ""]
        rows.append(
            [
                name,
                *counts,
                f"{median(r.speed for r in each):.1f}",
                f"{median(r.cpu for r in each):.2f}",
                f"{median(r.cost.peak for r in each):.0f}",
                f"{median(r.server / r.cost.wall for r in each):.0%}",
            ]
        )
    return table({"": "<"} | dict.fromkeys(titles, ">"), rows)


def others(costs: Mapping[str, Sequence[Cost]]) -> str:
    """Return the table of what is no first run."""
    rows = [
        [name, *(f"{median(n):.{digits}f}" for n, digits in numbers)]
        for name, each in costs.items()
        for numbers in [(([c.wall for c in each], 2), ([c.cpu for c in each], 2), ([c.peak for c in each], 0))]
    ]
    return table({"": "<", "seconds": ">", "CPU seconds": ">", "peak MB": ">"}, rows)


def machine() -> str:
    """Say where it was measured."""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores"
