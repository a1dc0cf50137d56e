"""What strings become: days and instants, addresses, Markdown, harmless HTML."""
