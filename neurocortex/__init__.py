"""NeuroCortex: the orchestrator of the Datapunk AI data platform.

Importing the package switches the telemetry of its dependencies off, unless the user has set
the variables otherwise: they read them when they are imported, so no later moment would do.
"""

from neurocortex.telemetry import switch_off

switch_off()
