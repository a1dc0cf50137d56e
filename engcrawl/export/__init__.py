"""The archive in the formats of other tools: a folder with one file for each blog, and a dataset card."""
