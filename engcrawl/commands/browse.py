"""``scrapy browse``: the archive as pages on this machine, to search and to read."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from engcrawl.errors import UsageError
from engcrawl.fleet.states import States
from engcrawl.printing import Options, StateCommand
from engcrawl.report.verdict import Outcome
from engcrawl.state import State

NEEDS = "requirements-browse.txt"


class BrowseOptions(Options):
    """The options of ``scrapy browse``."""

    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8001, title="PORT", description="the port on 127.0.0.1 (default: 8001); 0 takes a free one"
    )
    open: bool = Field(False, description="show the pages in your browser")


class Command(StateCommand[BrowseOptions]):
    """Show the archive as pages on this machine, to search and to read.

    Datasette serves them, on 127.0.0.1 alone, until Ctrl-C. They show the archive as it is when the command starts. A
    copy for them is in `browse/` of the output folder; it is made again when the archive has changed.
    """

    options_class = BrowseOptions

    def show(self, state: State, options: BrowseOptions) -> None:
        """Serve one blog. May raise any EngcrawlError."""
        self._until_stopped([state], options)

    def show_all(self, states: States, keys: list[str], options: BrowseOptions) -> None:
        """Serve several blogs. May raise any EngcrawlError."""
        self._until_stopped(states.each(keys), options)

    def _until_stopped(self, states: Iterable[State], options: BrowseOptions) -> None:
        try:
            self._serve(states, options)
        except KeyboardInterrupt:  # before the pages are served: then Ctrl-C is how to end the command
            self.fail("stopped", Outcome.STOPPED)

    def _serve(self, states: Iterable[State], options: BrowseOptions) -> None:
        try:
            from engcrawl.browse.prepare import prepare
            from engcrawl.browse.serve import listen, serve
        except ModuleNotFoundError as error:
            raise UsageError(f"needs {error.name}, which `pip install -r {NEEDS}` installs") from error
        assert self.settings is not None
        folder = Path(self.settings["ENGCRAWL_OUTPUT"]) / "browse"
        with listen(options.port) as listening:
            databases = []
            for state in states:
                print(f"{state.blog}: reading the archive …", file=sys.stderr)
                databases.append(prepare(folder, state))
            serve(databases, listening, show=options.open)
