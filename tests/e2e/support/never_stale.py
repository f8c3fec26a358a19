"""After each edit: the daemon's answer is that of a walk, and of a build from scratch."""

import itertools
import os
import random
import shutil
import subprocess
import tempfile

from jig_bench import EXIT_DONE, wait_until

NUMBERS = itertools.count()


def seed_and_rounds(rounds):
    """What JIG_RANDOM_SEED and JIG_RANDOM_ROUNDS say, or a seed that is the same each time."""
    return (int(os.environ.get("JIG_RANDOM_SEED", 20261122)),
            int(os.environ.get("JIG_RANDOM_ROUNDS", rounds)))


def program(result):
    """What would be flashed: the rest of the file says where it was built."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["avr-objcopy", "-O", "binary", "-R", ".eeprom", result["artifacts"]["elf"],
                        out.name], check=True)
        content = out.read()
    assert content
    return content


def check(bench, folder, told, walk, fqbn=None, words=()):
    """Builds, asked for in those words; the result, or None when it fails as it does from scratch."""
    board = ["--fqbn", fqbn] if fqbn else []
    kept = bench.jig("build", *board, *words, folder)
    scratch = bench.folder / f"scratch{next(NUMBERS)}"
    fresh = bench.jig("build", *board, "--walk", "--build-dir", scratch, folder)
    assert kept.status == fresh.status, f"{told}\nkept: {kept}\nfrom scratch: {fresh}"
    if kept.status == EXIT_DONE:
        assert kept.result["artifacts"].keys() == fresh.result["artifacts"].keys(), told
        assert program(kept.result) == program(fresh.result), told
    if kept.status == EXIT_DONE and walk:
        walked = bench.jig("build", *board, "--walk", folder).result
        assert walked["outcome"] == "up_to_date", (told, walked["reasons"])
        assert walked["artifacts"] == kept.result["artifacts"], told
    shutil.rmtree(scratch, ignore_errors=True)
    if kept.status != EXIT_DONE:
        told.append(kept.lines[-1]["message"])
        return None
    return kept.result


def settle(bench):
    """Until all is watched that is going to be."""
    def counters():
        return bench.jig("daemon", "stats").result["counters"]
    wait_until(lambda: counters()["watch.pending"] == 0, lambda: f"it never ends: {counters()}")


def play(bench, folder, edits, rounds, fqbn=None, mend=None, asks=((),)):
    """Some of the edits, functions of a generator that say what they did, before each build; and
    `mend` after one that failed. A build is asked for in any of the words of `asks`."""
    seed, rounds = seed_and_rounds(rounds)
    rng = random.Random(seed)
    told = [f"JIG_RANDOM_SEED={seed}"]
    built = 0
    for _ in range(rounds):
        for _ in range(rng.choice((1, 1, 2))):
            told.append(rng.choice(edits)(rng))
        result = check(bench, folder, told, rng.random() < 0.3, fqbn, rng.choice(asks))
        built += result is not None
        told.append("built" if result is not None else "failed")
        if result is None and mend is not None:
            told.append(mend(rng))
        if rng.random() < 0.7:  # else the next edit comes before
            settle(bench)
    assert built > rounds // 2, told
