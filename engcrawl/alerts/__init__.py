"""Alerts: monitors look at a run when it is over, and notifiers tell people what they found.

Only `engcrawl.extensions.alerts` imports these modules, and only where an ``ENGCRAWL_ALERT_…`` variable is set.
"""

PREFIX = "ENGCRAWL_ALERT_"
"""The beginning of the environment variables that switch them on."""
