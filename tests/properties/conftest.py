"""Property tests are deterministic and bounded: a red run is red for everybody, and again."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "shop",
    derandomize=True,
    deadline=None,
    max_examples=100,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("shop")
