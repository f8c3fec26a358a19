"""The randomised tests, for longer than the suite has time, and with a seed of their own each time.

They fail when an answer that was given without a look differs from a look at everything, or when a
folder that was built in over and over leaves another program than a fresh one. A failure says the
seed with which it can be had again.
"""

import os
import random

from common import Row

CHANGES = 400  # to watched files, a round
EDITS = 90     # about as many in the builds of one seed


def measure(bench, rounds):
    tests = os.path.join(os.path.dirname(bench.bin), "tests", "unit")
    seed = random.SystemRandom().randrange(1, 1 << 30)
    env = {**bench.env, "JIG_RANDOM_SEED": str(seed), "JIG_RANDOM_ROUNDS": str(CHANGES * rounds),
           "JIG_TEST_SEEDS": f"{seed} {seed + rounds - 1}"}
    bench.run([os.path.join(tests, "watcher_random_test")], env=env)
    bench.run([os.path.join(tests, "plan_random_test")], env=env)
    bench.run([os.path.join(tests, "sketch_random_test")], env=env)
    return [Row("wrong answers of a watch", "", 0, CHANGES * rounds,
                f"random changes to files, seed {seed}"),
            Row("builds unlike one from scratch", "", 0, 2 * EDITS * rounds,
                f"random edits of a project and of a sketch, seeds {seed} to {seed + rounds - 1}")]
