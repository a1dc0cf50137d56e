"""Try the deployment: a real Scrapyd, and the files of deploy/."""
