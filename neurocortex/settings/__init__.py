"""Every setting of NeuroCortex: its name, its default, what is allowed.

Read once per process from, strongest first: the environment, `.env`, one TOML file
(`neurocortex.toml`, or the one `NEUROCORTEX_CONFIG` names), the defaults in the groups. A group's
field is `NEUROCORTEX_GROUP__FIELD` in the environment and `[group] field` in TOML.
"""

from neurocortex.settings.access import (
    AdmissionSettings,
    RateSettings,
    SecuritySettings,
    TrackingSettings,
)
from neurocortex.settings.data import (
    CacheSettings,
    DatasetSettings,
    DocumentSettings,
    ForgeSettings,
    LakeSettings,
    MaintenanceSettings,
    PrivacySettings,
)
from neurocortex.settings.group import PREFIX, URL_PATTERN, Group
from neurocortex.settings.language import (
    AnswerSettings,
    BalancingSettings,
    LlmSettings,
    PipelineSettings,
)
from neurocortex.settings.loading import (
    CONFIG_VARIABLE,
    MASK,
    Entry,
    Loaded,
    environment,
    load,
    settings,
    variable,
)
from neurocortex.settings.platform import (
    DeadLetterSettings,
    EmbeddedSettings,
    PortSettings,
    TaskSettings,
)
from neurocortex.settings.scheduling import SchedulingSettings, TierSettings, WorkerSettings
from neurocortex.settings.selection import SelectionSettings
from neurocortex.settings.serving import (
    BatchSettings,
    GatewaySettings,
    RealtimeSettings,
    RoutingSettings,
    StreamSettings,
    WebhookSettings,
)
from neurocortex.settings.tree import Settings

__all__ = [
    "CONFIG_VARIABLE",
    "MASK",
    "PREFIX",
    "URL_PATTERN",
    "AdmissionSettings",
    "AnswerSettings",
    "BalancingSettings",
    "BatchSettings",
    "CacheSettings",
    "DatasetSettings",
    "DeadLetterSettings",
    "DocumentSettings",
    "EmbeddedSettings",
    "Entry",
    "ForgeSettings",
    "GatewaySettings",
    "Group",
    "LakeSettings",
    "LlmSettings",
    "Loaded",
    "MaintenanceSettings",
    "PipelineSettings",
    "PortSettings",
    "PrivacySettings",
    "RateSettings",
    "RealtimeSettings",
    "RoutingSettings",
    "SchedulingSettings",
    "SecuritySettings",
    "SelectionSettings",
    "Settings",
    "StreamSettings",
    "TaskSettings",
    "TierSettings",
    "TrackingSettings",
    "WebhookSettings",
    "WorkerSettings",
    "environment",
    "load",
    "settings",
    "variable",
]
