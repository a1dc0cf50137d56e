"""Getting one page: the blog's own hosts, public addresses, pauses that a host asks for; a browser."""
