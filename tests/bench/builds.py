"""Builds: `jig build` against `arduino-cli compile`, and against the compiler's own time.

Four cases, each for the same sketch, platform and options:

  cold        nothing cached; for jig, the start of the daemon included
  shared core another project, built for the first time, when the core was built before
  edit        one line of the sketch changed
  no-op       nothing changed

The limit is the CPU time of the tools that such a build cannot do without (compile, archive, link,
objcopy: as arduino-cli's own log names them), run one after another, divided by the cores.
"""

import os
import shlex
import shutil

from common import CORES, ROOT, Row, cpu_seconds, in_turns

FQBN = "arduino:avr:uno"
SKETCH = """
void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
}

void loop() {
  digitalWrite(LED_BUILTIN, HIGH);
  delay(1000);
  digitalWrite(LED_BUILTIN, LOW);
  delay(1000);
  Serial.println(%d);
}
"""
# Debian's core 1.8.7 needs this with gcc 5.4; jig has it in an overlay.
MENDED = "compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__"


class Sketches:
    """Sketch folders, made anew or changed at will."""

    def __init__(self, bench):
        self.bench = bench
        self.made = 0
        self.edits = 0

    def fresh(self):
        self.made += 1
        folder = self.bench.make("sketches", f"Blink{self.made}")
        self.edit(folder)
        return folder

    def edit(self, folder):
        self.edits += 1
        name = os.path.basename(folder)
        with open(os.path.join(folder, f"{name}.ino"), "w", encoding="utf-8") as f:
            f.write(SKETCH % self.edits)


class ArduinoCli:
    """The rival, set up by scripts/install-arduino-cli."""

    def __init__(self, bench):
        self.bench = bench
        home = os.path.join(ROOT, "build", "arduino-cli")
        go = {"GOPATH": os.path.join(ROOT, "build", "go"),
              "GOCACHE": os.path.join(ROOT, "build", "go-cache"), "GOFLAGS": "-modcacherw"}
        bench.run([os.path.join(ROOT, "scripts", "install-arduino-cli"), home],
                  env={**os.environ, **go})
        self.program = os.path.join(home, "bin", "arduino-cli")
        self.config = os.path.join(home, "arduino-cli.yaml")
        self.forgotten, self.cache = 0, None
        self.forget()

    def forget(self):
        """Without a core, a build folder or a library index of earlier."""
        self.forgotten += 1
        self.cache = self.bench.make("arduino-cli", f"cache{self.forgotten}")

    def words(self, sketch, *more):
        return [self.program, "--config-file", self.config, "compile", "-b", FQBN,
                "--build-property", MENDED, "--build-path", self.build_path(sketch), *more, sketch]

    def build_path(self, sketch):
        return self.bench.path("arduino-cli", "build-" + os.path.basename(sketch))

    def env(self):
        return {**self.bench.env, "ARDUINO_BUILD_CACHE_PATH": self.cache}

    def compile(self, sketch):
        return self.bench.timed(self.words(sketch), env=self.env())

    def commands(self, sketch):
        """What a cold build runs: (all of them, those of the sketch and the link alone)."""
        log = self.bench.run(self.words(sketch, "-v", "--clean"), env=self.env())
        everything, own = [], []
        build = self.build_path(sketch)
        for line in log.splitlines():
            words = shlex.split(line) if line.startswith("/usr/bin/avr-") else []
            tool = os.path.basename(words[0]) if words else ""
            is_compile = "-c" in words and "-E" not in words
            is_link = tool == "avr-gcc" and words[-1] == "-lm"
            if is_compile or is_link or tool in ("avr-gcc-ar", "avr-ar", "avr-objcopy"):
                everything.append(words)
                if is_link or not any(w.startswith(f"{build}/core/") for w in words):
                    own.append(words)
        return everything, own


class Jig:
    """Ours, with a daemon and a cache that can be forgotten."""

    def __init__(self, bench):
        self.bench = bench

    def forget(self):
        self.bench.stop_daemon()
        shutil.rmtree(self.bench.env["XDG_CACHE_HOME"], ignore_errors=True)
        shutil.rmtree(self.bench.env["XDG_STATE_HOME"], ignore_errors=True)

    def compile(self, sketch):
        return self.bench.timed(self.bench.jig("build", sketch, "--fqbn", FQBN))


def measure(bench, rounds):
    sketches, jig, rival = Sketches(bench), Jig(bench), ArduinoCli(bench)

    def cold(tool):
        tool.forget()
        return tool.compile(sketches.fresh())

    times = {"cold": in_turns(rounds, jig=lambda: cold(jig), rival=lambda: cold(rival))}
    times["shared core"] = in_turns(rounds, jig=lambda: jig.compile(sketches.fresh()),
                                    rival=lambda: rival.compile(sketches.fresh()))
    ours, theirs = sketches.fresh(), sketches.fresh()
    jig.compile(ours)
    rival.compile(theirs)

    def edited(tool, sketch):
        sketches.edit(sketch)
        return tool.compile(sketch)

    everything, own = rival.commands(sketches.fresh())
    times["one-line edit"] = in_turns(rounds, jig=lambda: edited(jig, ours),
                                      rival=lambda: edited(rival, theirs),
                                      tools=lambda: sum(bench.timed(words) for words in own))
    times["no-op"] = in_turns(3 * rounds, jig=lambda: jig.compile(ours),
                              rival=lambda: rival.compile(theirs))
    return rows(bench, times, everything, own)


def rows(bench, times, everything, own):
    wanted = {"cold": 1.0, "shared core": 0.5, "no-op": 0.1}
    out = []
    for case, t in times.items():
        out.append(Row(f"build, {case}", "ms", 1000 * t["jig"], 1000 * t["rival"], "arduino-cli 1.0.4",
                       wanted.get(case)))
    edit = times["one-line edit"]
    out.append(Row("build, one-line edit", "ms", 1000 * edit["jig"], 1000 * edit["tools"],
                   f"its {len(own)} tools alone, one after another"))
    env = bench.env
    for case, commands in (("cold", everything), ("shared core", own), ("one-line edit", own)):
        limit = cpu_seconds(commands, env, bench.folder) / CORES
        out.append(Row(f"build, {case}", "ms", 1000 * times[case]["jig"], 1000 * limit,
                       f"CPU time of {len(commands)} tools / {CORES} cores"))
    return out
