"""``scrapy report``: the archive and its runs as a page for people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field

from engcrawl.fleet.blogs import Blogs
from engcrawl.fleet.states import States
from engcrawl.printing import Options, StateCommand
from engcrawl.report.output import Output, withhold_writing
from engcrawl.state import State


class ReportOptions(Options):
    """The options of ``scrapy report``."""

    open_: bool = Field(False, alias="open", description="show the page in your browser")


class Command(StateCommand[ReportOptions]):
    """Write a report of the archive: a page of HTML to look at.

    It is `report.html` in the output folder: how the last run ended, what it changed, pictures of the archive and of
    its runs, and what is missing or odd, with what to do about it. Of several blogs, it is `index.html` with a row for
    each, which links to their own reports (`--blog`). The pages need no network and no script.
    """

    options_class = ReportOptions

    def chosen(self, states: States, options: ReportOptions) -> list[str]:
        """Return the keys of the blogs: those of the list too, where there is one."""
        assert self.settings is not None
        listed = Path(self.settings["ENGCRAWL_BLOGS"])
        if options.blog is not None or not listed.exists():
            return states.chosen(options.blog)
        return sorted({*states.chosen(None), *(blog.key for blog in Blogs.read(listed))})

    def show(self, state: State, options: ReportOptions) -> None:
        """Write the report of one blog. Raises StateError and OutputError."""
        from engcrawl.overview.facts import gather  # every crawl loads every command, and needs none of this
        from engcrawl.overview.page import report

        now = datetime.now(UTC)
        own = self._output.folder / state.blog
        output = Output(own) if own.is_dir() and not self._output.latest.exists() else self._output
        self._write(output.report, report(gather(state, now), now), options)

    def show_all(self, states: States, keys: list[str], options: ReportOptions) -> None:
        """Write the index of several blogs. Raises OutputError."""
        from engcrawl.overview.index import INDEX, index

        folder = self._output.folder
        self._write(folder / INDEX, index(states, keys, folder, datetime.now(UTC)), options)

    @property
    def _output(self) -> Output:
        assert self.settings is not None
        return Output(self.settings["ENGCRAWL_OUTPUT"])

    def _write(self, path: Path, page: str, options: ReportOptions) -> None:
        from engcrawl.overview.page import write

        withhold_writing()
        write(path, page)
        print(path)
        if options.open_ and not _opened(path):
            sys.stderr.write("scrapy report: no browser was found here: open the file yourself\n")


def _opened(path: Path) -> bool:
    """Return whether a browser was found to show a page."""
    import webbrowser

    return webbrowser.open(path.as_uri())
