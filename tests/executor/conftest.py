"""Settings of the property tests: a busy machine is not a failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("tapewire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tapewire")
