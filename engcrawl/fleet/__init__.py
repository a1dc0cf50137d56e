"""Many blogs: their list, their schedules, and their runs, each as a process of its own."""
