"""The archive in the formats of other tools: a folder with a file a blog, and a dataset card."""
