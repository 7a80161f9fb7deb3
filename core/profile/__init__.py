"""The profile: abilities x variants x selections x k, each on every benchmark. No torch until it computes."""

from core.profile.cells import Profile
from core.profile.plan import Plan
from core.profile.run import run_profile

__all__ = ["Plan", "Profile", "run_profile"]
