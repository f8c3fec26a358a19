"""Each check of scripts/ finds the violation that it is there for, and nothing in a good tree."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

ARCHITECTURE = """
```layers
core/base:
core/os:      +core/base
core/build:   +core/os
core/flash:   +core/os
service/wire: +core/build
```

```libraries
nng/: service/rpc
jig/v1/: service/wire
```
"""

GOOD_HEADER = "#ifndef A_H\n#define A_H\n#include <stddef.h>\nsize_t jig_a(void);\n#endif\n"
GOOD_PROTO = """// A file.
syntax = "proto3";

package jig.v1;

// A service.
service ThingService {
  // A method.
  rpc GetThing(GetThingRequest) returns (GetThingResponse);
}

// Asks.
message GetThingRequest {
  // How long.
  int64 wait_ms = 1;
}

// Answers.
message GetThingResponse {
  // What kind.
  enum Kind {
    // Not said.
    KIND_UNSPECIFIED = 0;
  }
  // What kind.
  Kind kind = 1;  // not a comment of what follows
  // Which.
  oneof which {
    // A name.
    string name = 2;
  }
}
"""


class Tree:
    """A small repository in a temporary folder."""

    def __init__(self, root):
        self.root = root
        self.write("ARCHITECTURE.md", ARCHITECTURE)
        self.write("core/base/a.h", GOOD_HEADER)
        self.write("core/base/a.c", '#include "core/base/a.h"\n\nsize_t jig_a(void)\n{\n'
                   "    return 1;\n}\n")
        self.write("core/base/CMakeLists.txt", "jig_library(jig_base SOURCES a.c)\n")
        shutil.copy(os.path.join(ROOT, ".clang-format"), root)
        self.write("proto/jig/v1/thing.proto", GOOD_PROTO)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def check(self, name, *arguments):
        command = [os.path.join(ROOT, "scripts", name), "--root", str(self.root), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def build(self, path, *, banned=True):
        """Compiles one file the way CMake lays out a build folder."""
        shutil.copytree(os.path.join(ROOT, "core/base"), os.path.join(self.root, "core/base"),
                        dirs_exist_ok=True)
        build = os.path.join(self.root, "build/dev")
        folder = os.path.join(os.path.dirname(path), "CMakeFiles/x.dir")
        os.makedirs(os.path.join(build, folder), exist_ok=True)
        obj = os.path.join(folder, os.path.basename(path) + ".o")
        header = f"-include {self.root}/core/base/banned.h " if banned else ""
        source = os.path.join(self.root, path)
        command = f"gcc -I{self.root} -fno-builtin {header}-o {obj} -c {source}"
        subprocess.run(command.split(), cwd=build, check=True)
        self.write("build/dev/compile_commands.json",
                   f'[{{"directory": "{build}", "command": "{command}", "file": "{source}"}}]')
        return build


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


CHECKS = ["check-layers", "check-proto", "check-tests", "check-links", "check-format",
          "check-functions", "check-platform"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_good_tree_passes(tree, name):
    status, output = tree.check(name)
    assert status == 0, output
    assert ", 0 findings" in output
    assert f"{name}: 0 looked at" not in output


LAYERS = [
    ("core/base/b.c", '#include "core/os/fs.h"\n', "core/base may not include core/os/fs.h"),
    ("core/build/b.c", '#include "core/flash/f.h"\n', "core/build may not include core/flash/f.h"),
    ("core/flash/b.c", '#include "core/build/f.h"\n', "core/flash may not include core/build/f.h"),
    ("core/os/b.c", '#include <nng/nng.h>\n', "core/os may not see nng/nng.h"),
    ("core/os/b.c", '#include "jig/v1/rpc.pb-c.h"\n', "core/os may not see jig/v1/rpc.pb-c.h"),
    ("core/os/b.c", '#include "../base/a.h"\n', "without ../"),
    ("core/base/b.c", '#include "a.h"\n', "includes are from the root"),
    ("core/os/b.c", '#include "tests/support/unit.h"\n', "nothing includes tests"),
    ("core/new/b.c", '#include <stdio.h>\n', "not in ARCHITECTURE.md's list"),
]


@pytest.mark.parametrize("path,text,message", LAYERS)
def test_layers(tree, path, text, message):
    tree.write(path, text)
    status, output = tree.check("check-layers")
    assert status == 1
    assert f"{path}:1: " in output and message in output


def test_layers_ignores_comments_and_takes_allowed_ones(tree):
    tree.write("core/build/b.c", '/*\n#include "core/flash/f.h"\n*/\n#include "core/base/a.h"\n')
    tree.write("service/wire/b.c", '#include "jig/v1/rpc.pb-c.h"\n#include "core/base/a.h"\n')
    status, output = tree.check("check-layers")
    assert status == 0, output


PROTOS = [
    ("(GetThingRequest)", "(stream GetThingRequest)", "streams"),
    ("  int64 wait_ms", "  optional int64 wait_ms", "is optional"),
    ("  // How long.\n", "", "field GetThingRequest.wait_ms has no comment"),
    ("// Asks.\n", "", "message GetThingRequest has no comment"),
    ("// Asks.\n", "// Asks.\n\n", "message GetThingRequest has no comment"),
    ("  // A method.\n", "", "rpc ThingService.GetThing has no comment"),
    ("    // Not said.\n", "", "value GetThingResponse.Kind.KIND_UNSPECIFIED has no comment"),
    ("  // Which.\n", "", "oneof GetThingResponse.which has no comment"),
    ("  int64 wait_ms", "  int64 wait", "does not say its unit"),
    ("  int64 wait_ms", "  int64 waitMs", "is not lower_snake_case"),
    ("KIND_UNSPECIFIED", "KIND_NONE", "does not begin with KIND_UNSPECIFIED = 0"),
    ("KIND_UNSPECIFIED", "UNSPECIFIED", "does not begin with KIND_"),
    ("service ThingService", "service Things", "does not end in Service"),
    ("returns (GetThingResponse)", "returns (GetThingRequest)", "where GetThingResponse belongs"),
    ("package jig.v1", "package jig.v2", "its folder says jig.v1"),
    ("    string name = 2;", "    GetThingResponse name = 2;", "holds itself"),
    ("string name = 2;", "string name 2;", "where = belongs"),
]


@pytest.mark.parametrize("old,new,message", PROTOS)
def test_proto(tree, old, new, message):
    assert old in GOOD_PROTO
    tree.write("proto/jig/v1/thing.proto", GOOD_PROTO.replace(old, new))
    status, output = tree.check("check-proto")
    assert status == 1
    assert message in output


def test_proto_finds_recursion_through_another_file(tree):
    tree.write("proto/jig/v1/thing.proto", GOOD_PROTO.replace("string name = 2", "Other name = 2"))
    tree.write("proto/jig/v1/other.proto", 'syntax = "proto3";\n\npackage jig.v1;\n\n// Other.\n'
               "message Other {\n  // Back.\n  map<string, jig.v1.GetThingResponse> back = 1;\n}\n")
    status, output = tree.check("check-proto")
    assert status == 1
    assert "message Other holds itself" in output
    assert "message GetThingResponse holds itself" in output


def test_unregistered_sources_and_tests(tree):
    tree.write("core/base/lost.c", "int jig_lost;\n")
    tree.write("tests/unit/CMakeLists.txt", "# lost_test.c\njig_unit_test(other_lost_test)\n")
    tree.write("tests/unit/lost_test.c", "int main(void)\n{\n    return 0;\n}\n")
    status, output = tree.check("check-tests")
    assert status == 1
    assert "core/base/lost.c:1: core/base/CMakeLists.txt does not name it" in output
    assert "tests/unit/lost_test.c:1: tests/unit/CMakeLists.txt does not name it" in output


def test_a_fuzz_target_without_a_corpus(tree):
    tree.write("tests/fuzz/CMakeLists.txt", "jig_fuzz_target(x_fuzz SOURCES x.c)\n")
    status, output = tree.check("check-tests")
    assert status == 1
    assert "x_fuzz has no seeds" in output


@pytest.mark.parametrize("path,text", [("tests/unit/a.h", "    us" "leep(5);\n"),
                                       ("tests/e2e/test_a.py", "time.sl" "eep(1)\n")])
def test_a_test_that_sleeps(tree, path, text):
    tree.write(path, text)
    status, output = tree.check("check-tests")
    assert status == 1
    assert f"{path}:1: " in output


def test_unfinished_work_and_unseen_tests(tree):
    tree.write("core/base/a.h", GOOD_HEADER + "/* TO" "DO: the rest */\n")
    tree.write("tests/e2e/build.py", "def test_x():\n    pass\n")
    status, output = tree.check("check-tests")
    assert status == 1
    assert "core/base/a.h:6: TO" "DO" in output
    assert "tests/e2e/build.py:1: has tests, but pytest only looks into test_*.py" in output


@pytest.mark.parametrize("text", ["[x](gone.md)", "[x](ARCHITECTURE.md#no-such)",
                                  "see `core/base/gone.c`"])
def test_links(tree, text):
    tree.write("README.md", f"# Title\n\n{text}\n")
    status, output = tree.check("check-links")
    assert status == 1
    assert "README.md:3: " in output


def test_links_that_lead_somewhere(tree):
    tree.write("README.md", "# The Title\n\n[a](ARCHITECTURE.md) [b](#the-title) `core/base/a.c`\n"
               "[c](https://example.org/x) `core` `and/or`\n")
    status, output = tree.check("check-links")
    assert status == 0, output


def test_format(tree):
    tree.write("core/base/a.c", "int  x ;\n")
    status, output = tree.check("check-format")
    assert status == 1
    assert "core/base/a.c:1: is not formatted" in output
    tree.check("check-format", "--fix")
    assert tree.check("check-format")[0] == 0


def long_function(lines):
    return "int f(int x)\n{\n" + "    x++;\n" * (lines - 4) + "    return x;\n}\n"


@pytest.mark.parametrize("lines,status,word", [(60, 0, ""), (61, 0, "warning: f() has 61 lines"),
                                               (101, 1, "f() has 101 lines")])
def test_function_length(tree, lines, status, word):
    tree.write("core/base/a.c", long_function(lines))
    got, output = tree.check("check-functions")
    assert got == status, output
    assert word in output


def test_file_length(tree):
    tree.write("core/base/a.c", "\n" * 701)
    status, output = tree.check("check-functions")
    assert status == 1
    assert "the file has 701 lines" in output


def test_platform_macros(tree):
    tree.write("core/base/a.c", "#if defined(__linux__)\n#endif\n")
    tree.write("core/os/b.c", "#ifdef __APPLE__\n#endif\n")
    status, output = tree.check("check-platform")
    assert status == 1
    assert "core/base/a.c:1: __linux__" in output
    assert "core/os" not in output.replace("only core/os", "")


def test_system_calls(tree):
    text = "#include <unistd.h>\nint jig_x(void);\nint jig_x(void)\n{\n    return %s;\n}\n"
    tree.write("core/build/b.c", text % 'unlink("x")')
    build = tree.build("core/build/b.c")
    status, output = tree.check("check-platform", "--build", build)
    assert status == 1
    assert "core/build/b.c:1: calls unlink()" in output
    tree.write("core/build/b.c", text % "0")
    tree.build("core/build/b.c")
    assert tree.check("check-platform", "--build", build)[0] == 0


def test_nobody_but_os_starts_children(tree):
    tree.write("service/x.c", "#include <unistd.h>\nint jig_x(void);\nint jig_x(void)\n{\n"
               '    unlink("x");\n    return fork();\n}\n')
    status, output = tree.check("check-platform", "--build", tree.build("service/x.c"))
    assert status == 1
    assert "calls fork()" in output
    assert "unlink" not in output


def test_a_name_is_defined_once(tree):
    text = "int jig_x(void);\nint jig_x(void)\n{\n    return %d;\n}\n"
    tree.write("core/build/b.c", text % 1)
    tree.write("core/flash/c.c", text % 2)
    tree.build("core/build/b.c")
    status, output = tree.check("check-platform", "--build", tree.build("core/flash/c.c"))
    assert status == 1
    assert "core/flash/c.c:1: jig_x() is in core/build/b.c, too" in output
    tree.write("core/flash/c.c", "static " + text.splitlines()[0] + "\nint jig_y(void);\n"
               "int jig_y(void)\n{\n    return jig_x();\n}\n"
               "static int jig_x(void)\n{\n    return 2;\n}\n")
    assert tree.check("check-platform", "--build", tree.build("core/flash/c.c"))[0] == 0


def test_headers_compile_alone(tree):
    build = tree.build("core/base/a.c")
    assert tree.check("check-headers", "--build", build)[0] == 0
    tree.write("core/base/b.h", "size_t jig_b(void);\n")
    status, output = tree.check("check-headers", "--build", build)
    assert status == 1
    assert "core/base/b.h:1: does not compile alone" in output


@pytest.mark.parametrize("text", ["typeof(1) jig_x;\n", "int class;\n", "int jig_x(int a[static 1]);\n"])
def test_public_headers_are_plain_c_and_fit_cxx(tree, text):
    build = tree.build("core/base/a.c")
    tree.write("client/include/jig/x.h", text)
    status, output = tree.check("check-headers", "--build", build)
    assert status == 1
    assert "client/include/jig/x.h:1: does not compile alone" in output


def test_banned_functions(tree):
    text = "#include <string.h>\nvoid jig_x(char *s);\nvoid jig_x(char *s)\n{\n    %s;\n}\n"
    tree.write("core/base/a.c", text % '(void)s')
    build = tree.build("core/base/a.c")
    status, output = tree.check("check-banned", "--build", build)
    assert status == 0, output
    tree.write("core/base/a.c", text % 'strcpy(s, "x")')
    tree.build("core/base/a.c", banned=False)
    status, output = tree.check("check-banned", "--build", build)
    assert status == 1
    assert "is compiled without core/base/banned.h" in output
    assert "calls strcpy()" in output


def test_the_banned_header_stops_the_compiler(tree):
    tree.write("core/base/a.c", "void jig_x(char *s);\nvoid jig_x(char *s)\n{\n    strcpy(s, \"x\");\n}\n")
    with pytest.raises(subprocess.CalledProcessError):
        tree.build("core/base/a.c")
