"""Cores and libraries are installed and removed between builds, which are never stale."""

import itertools

from jig_bench import EXIT_DONE
from never_stale import play

TOY = "acme:toy:toy"
SKETCH = """#include "tab.h"
#include <Green.h>
#define TEXT_OF(word) #word
#define TEXT(macro) TEXT_OF(macro)
__attribute__((used)) const char text[] = TAB GREEN TEXT(ACME);
void setup() {}
void loop() {}
"""


def test_packages_are_never_stale(new_bench, acme):
    bench = new_bench(conf=acme.conf())
    folder = bench.sketch("toy", SKETCH, **{"tab.h": '#define TAB "tab-000000"\n'})
    numbers = itertools.count(1)

    def packages(*words):
        bench.jig("packages", *words)  # may be refused: it is not there, or is needed
        return " ".join(words)

    def install_core(rng):
        return packages("install", "core", f"acme:toy@{rng.choice(('1.0.0', '1.1.0'))}")

    def remove_core(rng):
        said = packages("remove", "core", f"acme:toy@{rng.choice(('1.0.0', '1.1.0'))}")
        return said + ", " + packages("install", "core", f"acme:toy@{rng.choice(('1.0.0', '1.1.0'))}")

    def install_library(rng):
        return packages("install", "lib", rng.choice(("Green", "Blue@1.0.0", "Blue@1.2.0", "Blue@2.0.0")))

    def remove_library(rng):
        return packages("remove", "lib", rng.choice(("Green", "Blue")))

    def other_library(_rng):
        """What the index calls by the same name is another archive."""
        version = f"1.{next(numbers) + 2}.0"
        acme.add_library("Blue", version, f'#define BLUE "{version}"\n')
        acme.publish()
        packages("update")
        return packages("install", "lib", f"Blue@{version}")

    def own_library(rng):
        """One of the user's own comes before those that are installed, or goes."""
        path = bench.folder / "home/Arduino/libraries/Blue/Blue.h"
        if path.exists() and rng.random() < 0.5:
            path.unlink()
            path.parent.rmdir()
            return "the user's Blue is gone"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#define BLUE "own-{next(numbers):06}"\n')
        return "the user's Blue is another"

    def edit(_rng):
        (folder / "tab.h").write_text(f'#define TAB "tab-{next(numbers):06}"\n')
        return "tab.h is edited"

    def collect(_rng):
        assert bench.jig("cache", "gc").status == EXIT_DONE
        return "cache gc"

    def restart(_rng):
        assert bench.jig("daemon", "stop").status == EXIT_DONE
        return "restart"

    packages("install", "core", "acme:toy@1.0.0")
    packages("install", "lib", "Green")
    edits = [install_core, remove_core, install_library, install_library, remove_library, other_library,
             own_library, own_library, edit, edit, collect, restart]
    play(bench, folder, edits, 12, fqbn=TOY, mend=lambda _rng: packages("install", "lib", "Green"))
