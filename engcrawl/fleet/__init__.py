"""Many blogs: which there are, when each is due, and a run of one as a process of its own."""
