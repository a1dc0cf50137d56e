"""engcrawl's own signals, sent and caught as Scrapy's are; extensions watch the run through them.

``log_changed(log)``
    The `engcrawl.report.runlog.RunLog` has something new to show.
``verdict_given(verdict)``
    The run is over and all its files are written; this is its verdict, as ``RUN.json`` has it. The state is still open.
"""

log_changed = object()
verdict_given = object()
