"""The studies, one file each, and what they share: the contract (study.py), how a study is found
(registry.py), rows and claims."""

from mnist1d.experiments.registry import BUILT_IN, STUDIES, load
from mnist1d.experiments.study import PRESETS, Info, Loaded, Reference, Study

__all__ = ["BUILT_IN", "PRESETS", "STUDIES", "Info", "Loaded", "Reference", "Study", "load"]
