"""The check, before anything is walked, that the blog has the post types asked for."""

from __future__ import annotations

from engcrawl.arguments import ALL_TYPES, Arguments
from engcrawl.errors import UsageError
from engcrawl.phases.sources.rest import Rest
from engcrawl.phases.sources.sitemap import Sitemaps
from engcrawl.report.runlog import RunLog
from engcrawl.state import State


async def check_types(arguments: Arguments, state: State, log: RunLog, rest: Rest, sitemaps: Sitemaps | None) -> None:
    """Ask REST, and the sitemaps, for the types asked for that no earlier run knows.

    Raises UsageError for those that the blog doesn't have; where nothing says which it has, that is a problem.
    """
    asked = state.lists.asked("sitemap") if sitemaps else None
    in_sitemaps = set(asked.answer.more.get("types", ())) if asked else set()
    wanted = set(arguments.types) - {ALL_TYPES, "post"}
    if not wanted - rest.types.names - in_sitemaps:
        return
    await rest.ask_types()
    known, told = rest.types.names, rest.types.told
    if wanted - known and sitemaps is not None:
        await sitemaps.ask_types()
        known, told = known | sitemaps.types.keys(), told or bool(sitemaps.types)
    unknown = ", ".join(sorted(wanted - known))
    if unknown and told:
        raise UsageError(
            f"argument types={','.join(arguments.types)}: unknown type {unknown};"
            f" {arguments.site} has: {', '.join(sorted(known))}"
        )
    if unknown:
        log.problem(f"{arguments.site}/", f"neither REST nor a sitemap lists its posts of type {unknown}")
