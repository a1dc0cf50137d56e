"""Try whole runs: ``scrapy`` as a process, against the bundled blog; and the blog itself."""
