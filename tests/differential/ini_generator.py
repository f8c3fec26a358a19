"""Random projects: mostly sensible platformio.ini files, with the corners that users write."""

import random

ENVIRONMENTS = ["uno", "nano", "esp32-dev", "x_1"]
PLAIN = ["common", "flags", "base_a", "base-b"]
WORDS = ["alpha", "beta", "-DA=1", "-D B", "${sysenv.WHO}", "lib one", "a;b", "a ;b", "x#y", "x # y",
         "'q q'", '"d d"', "100%%", "%(board)s", "${PROJECT_DIR}/inc", "$PROJECT_HASH", "${UNKNOWN}",
         "${UNIX_TIME}", "$$PROJECT_HASH", "caf\u00e9", "\u00a0wide\u2003space", "a, b", "a,b, c", "=", ":",
         "[x]", "~/here", "..", "./a/../b", "//two", "yes", "0", "+<*> -<.git/>"]
TYPED = {
    "monitor_speed": ["9600", "115200", " 57_600", "fast", "", "+5", "0x10", "007"],
    "upload_speed": ["921600", "115200", "9600 baud"],
    "monitor_baud": ["1200", "38400", ""],
    "monitor_rts": ["0", "1", "2", ""],
    "monitor_raw": ["yes", "no", "TRUE", "off", "maybe", "", "t"],
    "lib_ldf_mode": ["chain", "deep+", "off", "deeper"],
    "build_type": ["debug", "release", "Release"],
    "check_tool": ["cppcheck", "cppcheck, clangtidy", "lint"],
    "lib_archive": ["true", "n", "1 ", "2"],
}
LISTS = ["build_flags", "lib_deps", "src_filter", "build_src_filter", "upload_flags", "framework",
         "lib_extra_dirs", "extra_scripts", "build_unflags", "lib_use", "check_flags"]
SCALARS = ["platform", "board", "upload_port", "board_build.f_cpu", "board_mcu", "custom_thing",
           "Mixed_Case", "unknown option", "debug_tool"]
PROJECT = ["src_dir", "lib_dir", "build_dir", "workspace_dir", "description", "name", "core_dir",
           "home_dir", "include_dir"]
VARIABLES = ["PLATFORMIO_BUILD_FLAGS", "PLATFORMIO_SRC_DIR", "PLATFORMIO_DEFAULT_ENVS",
             "PLATFORMIO_UPLOAD_PORT", "PLATFORMIO_SRC_FILTER", "PLATFORMIO_BUILD_SRC_FILTER",
             "PLATFORMIO_EXTRA_SCRIPTS", "PLATFORMIO_WORKSPACE_DIR", "PLATFORMIO_LIB_EXTRA_DIRS"]


class Generator:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.wild = self.r.random() < 0.3  # most files are to be valid, so that values are compared
        self.environments = self.r.sample(ENVIRONMENTS, self.r.randint(1, 3))
        self.plain = self.r.sample(PLAIN, self.r.randint(0, 3))
        self.written = {}

    def reference(self, section):
        """A ${...} that most often leads somewhere, and downwards, so that few go in circles."""
        r = self.r
        kinds = ["this", "env", "platformio", "plain"]
        kind = r.choice(kinds)
        if kind == "this" and not self.wild:
            names = [n for n in self.written.get(section, []) if n not in TYPED][:-1]
            if section.startswith("env:"):
                names += ["__env__"]
            return "${this.%s}" % r.choice(names) if names else "this"
        if kind == "this":
            return r.choice(["${this.board}", "${this.__env__}", "${this.platform}"])
        if kind == "platformio":
            return r.choice(["${platformio.src_dir}", "${platformio.packages_dir}",
                             "${platformio.name}", "${platformio.build_cache_dir}"])
        if kind == "env" and (section != "env" or self.wild):
            return r.choice(["${env.build_flags}", "${env.monitor_speed}", "${env.lib_archive}",
                             "${env.board}"])
        known = [(s, o) for s, options in self.written.items() for o in options
                 if s != section and s in self.plain and o != "Mixed_Case"]
        if known and not (self.wild and r.random() < 0.2):
            return "${%s.%s}" % r.choice(known)
        return "${nowhere.nothing}" if self.wild else "plain"

    def word(self, section):
        r = self.r
        if r.random() < 0.2:
            return self.reference(section)
        word = r.choice(WORDS)
        if word == "%(board)s" and not self.wild and "board" not in self.written.get(section, [])[:-1]:
            return "%%"
        if self.wild and r.random() < 0.05:
            return r.choice(["50%", "%(nope)s", "%(", "${", "${}", "${.x}", "${a.}", "${(x).y}"])
        return word

    def value(self, section, option):
        r = self.r
        if option in TYPED:
            good = TYPED[option] if self.wild else TYPED[option][:2]
            return r.choice(good)
        if option not in LISTS:
            return " ".join(self.word(section) for _ in range(r.randint(0, 2)))
        lines = [r.choice([", ", " ", ","]).join(self.word(section)
                                                for _ in range(r.randint(1, 3)))
                 for _ in range(r.randint(1, 4))]
        if len(lines) > 1 and r.random() < 0.5:
            lines.insert(0, "")
        out = lines[0]
        for line in lines[1:]:
            out += "\n" * r.choice([1, 1, 1, 2])
            if r.random() < 0.1:
                out += r.choice(["  ; comment\n", "# comment\n", "\t#x\n"])
            out += r.choice(["  ", "\t", "    ", " \u3000"]) + line
        return out

    def option(self, section, option):
        r = self.r
        name = option.upper() if r.random() < 0.05 else option
        self.written.setdefault(section, []).append(option)
        gap = r.choice([" = ", "=", " : ", ":", "  =\t", " ="])
        comment = r.choice(["", "", "", " ; why", " # why", "\t;why"] + [";no"] * self.wild)
        value = self.value(section, option)
        indent = " " if r.random() < 0.05 else ""
        return f"{indent}{name}{gap}{value}{comment if chr(10) not in value else ''}\n"

    def section(self, name):
        r = self.r
        out = f"[{name}]" + r.choice(["", "", " ; x", " junk"]) + "\n"
        pool = PROJECT if name == "platformio" else LISTS + SCALARS + list(TYPED)
        options = r.sample(pool, r.randint(0, 6))
        if name != "platformio" and r.random() < 0.8:
            options = ["board"] + [o for o in options if o != "board"]
        for option in options:
            if r.random() < 0.15:
                out += r.choice(["\n", "; note\n", "# note\n", "   \n"])
            out += self.option(name, option)
        if name.startswith("env:") and self.plain and r.random() < 0.6:
            out += "extends = " + ", ".join(r.sample(self.plain, r.randint(1, len(self.plain)))) + "\n"
        if name == "platformio" and r.random() < 0.5:
            names = self.environments if not self.wild else self.environments + ["nobody"]
            out += "default_envs = " + ", ".join(r.sample(names, r.randint(1, len(names)))) + "\n"
        if self.wild and r.random() < 0.05:
            out += r.choice(["just words\n", "= value\n", "board = twice\nboard = twice\n", "[]\n"])
        return out

    def variables(self):
        r = self.r
        chosen = {"WHO": "me"} if r.random() < 0.7 else {}
        for name in r.sample(VARIABLES, r.choice([0, 0, 0, 1, 2])):
            if name == "PLATFORMIO_DEFAULT_ENVS":
                chosen[name] = r.choice(self.environments)
            else:
                chosen[name] = r.choice(["", "one", "-DFROM=1\n-DTWO", "a, b"])
        return chosen

    def write(self, folder):
        """Writes the project into a new folder; the variables of the request."""
        r = self.r
        folder.mkdir(parents=True)
        sections = [f"env:{n}" for n in self.environments]
        sections += ["platformio"] * (r.random() < 0.7) + ["env"] * (r.random() < 0.7)
        sections += ["DEFAULT"] * (r.random() < 0.05)
        r.shuffle(sections)
        text = "".join(self.section(s) for s in self.plain + sections)
        if "platformio" in sections and r.random() < 0.2:
            # The reader sees extra files after the first; an environment may get more options there.
            text = text.replace("[platformio]", "[platformio]\nextra_configs = more*.ini", 1)
            text = text.replace("more*.ini junk", "more*.ini")
            extra = Generator(r.random())
            extra.environments, extra.plain, extra.wild = self.environments, [], False
            (folder / "more.ini").write_bytes(
                "".join(extra.section(f"env:{n}") for n in self.environments).encode())
        if r.random() < 0.1:
            text = text.replace("\n", "\r\n")
        (folder / "platformio.ini").write_bytes(text.encode())
        return self.variables()
