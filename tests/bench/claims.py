"""``python -m tests.bench.claims``: what verdicts claim of many random blogs (``make test-claims``)."""

from __future__ import annotations

import argparse
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.support.claims import CASES, Case, check, crawled, right


def main() -> None:
    """Crawl random blogs until there are enough, or time is up; exit 1 if a verdict claims what isn't so."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    ends = time.monotonic() + 60 * options.minutes
    wrong: list[str] = []

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES)
    def each(case: Case) -> None:
        if time.monotonic() > ends:
            return
        with crawled(case) as (blog, done):
            verdict = {0: "complete", 3: "incomplete"}.get(done.status, f"exit status {done.status}")
            counts[verdict] += 1
            try:
                check(case, blog, done)
            except AssertionError as error:
                wrong.append(f"{case}: {error}")
            if done.status == 3 and right(case, blog, done):
                counts["incomplete, and all is there"] += 1
                print(
                    f"incomplete, and all is there: {case}: {done.verdict['reason']}; {done.problems[:2]}", flush=True
                )

    each()
    print(
        f"{sum(counts[name] for name in counts if ',' not in name)} blogs: {dict(counts)}, false claims: {len(wrong)}"
    )
    for one in wrong:
        print(one)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
