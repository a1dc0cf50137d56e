"""Facets and filters by a post's authors, categories and tags, from the tables that link them."""

from __future__ import annotations

from typing import Any

from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.facets import Facet
from datasette.filters import FilterArguments
from datasette.utils import path_with_added_args, path_with_removed_args

LINKED = {"categories": "category", "tags": "tag", "authors": "author"}
"""The tables of names, and the column of ``posts_…`` that links to each; ``?_category=NAME`` narrows posts down."""
_COUNT = """
SELECT n.name AS value, count(*) AS count FROM posts_{names} AS l JOIN {names} AS n ON n.id = l.{name}
WHERE l.post IN (SELECT id FROM ({sql})) GROUP BY l.{name} ORDER BY count DESC, value LIMIT {limit}
"""
_HAVING = """
id IN (SELECT l.post FROM posts_{names} AS l JOIN {names} AS n ON n.id = l.{name} WHERE n.name = :{key})
"""


class NamesFacet(Facet):  # type: ignore[misc]  # Datasette has no types
    """Count the names that posts link to. Datasette's facet of JSON arrays would sort whole posts for it."""

    type = "names"

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return the facets, and the names of those that took too long."""
        found, late = [], []
        for names in [one["config"]["simple"] for one in self.get_configs() if one["config"]["simple"] in LINKED]:
            size, name = self.get_facet_size(), LINKED[names]
            sql = _COUNT.format(names=names, name=name, sql=self.sql, limit=size + 1)
            limit = self.ds.setting("facet_time_limit_ms")
            try:
                rows = await self.ds.execute(self.database, sql, self.params, truncate=False, custom_time_limit=limit)
            except QueryInterrupted:
                late.append(names)
                continue
            results = [self._result(f"_{name}", row["value"], row["count"]) for row in rows.rows[:size]]
            facet = {"name": names, "type": self.type, "hideable": False, "results": results}
            found.append(facet | {"truncated": len(rows.rows) > size})
        return found, late

    def _result(self, key: str, value: str, count: int) -> dict[str, Any]:
        selected = (key, value) in self.get_querystring_pairs()
        if selected:
            path = path_with_removed_args(self.request, {key: value, "_next": self.request.args.get("_next")})
        else:
            path = path_with_added_args(self.request, {key: value, "_next": None})
        return {
            "value": value,
            "label": value,
            "count": count,
            "selected": selected,
            "toggle_url": self.ds.absolute_url(self.request, self.ds.urls.path(path)),
        }


@hookimpl(trylast=True)  # after the year
def register_facet_classes() -> list[type[Facet]]:
    """Let ``{"names": "tags"}`` be a facet."""
    return [NamesFacet]


@hookimpl
def filters_from_request(request: Any, table: str) -> FilterArguments | None:
    """Narrow posts down to those with the authors, categories and tags of an address."""
    if table != "posts":
        return None
    wheres, params, told = [], {}, []
    for names, name in LINKED.items():
        for number, value in enumerate(request.args.getlist(f"_{name}")):
            key = f"{name}_{number}"
            wheres.append(_HAVING.format(names=names, name=name, key=key))
            params[key] = value
            told.append(f"{name} is {value}")
    return FilterArguments(wheres, params, told)
