"""engcrawl's own signals, sent and caught as Scrapy's are; extensions watch the run through them.

``phase_begun(log)``
    The run is in a further phase, which the `engcrawl.report.runlog.RunLog` names.
``verdict_given(verdict)``
    The run is over and all its files are written; this is its verdict, as ``RUN.json`` has it. The state is still open.
"""

phase_begun = object()
verdict_given = object()
