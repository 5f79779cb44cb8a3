"""A machine that is busy with something else is no failure: no test of the core has a deadline.

`HYPOTHESIS_PROFILE=mutants` asks each test for fewer examples, the same ones every time: `nox -s mutate`.
"""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile("core", deadline=None)
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine must not pass for a mutant that was noticed
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "core"))
