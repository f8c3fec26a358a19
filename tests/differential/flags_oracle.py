"""What PlatformIO and SCons make of build_flags: the words that the compiler is started with.

PlatformIO's own ParseFlagsExtended and ProcessFlags run in a SCons environment; the command line that
SCons then forms goes through sh, as it would in a build, and printf shows the words.
"""

import contextlib
import os
import subprocess
import sys

sys.argv[1:], _words = [], sys.argv[1:]
import SCons.Environment  # noqa: E402
import SCons.Script  # noqa: E402,F401  (piobuild needs it loaded)
import SCons.Subst  # noqa: E402
from platformio.builder.tools import piobuild  # noqa: E402

sys.argv[1:] = _words


@contextlib.contextmanager
def inside(folder):
    cwd = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(cwd)


def environment(folder, variables):
    SCons.Script.AllowSubstExceptions(NameError)
    env = SCons.Environment.Environment(tools=["cc", "c++", "link", "ar"], ENV={}, **variables)
    env.fs.chdir(env.fs.Dir(str(folder)))
    piobuild.generate(env)
    return env


def words_of(env, line):
    command = env.subst_list(line)[0]
    text = " ".join(map(str, SCons.Subst.escape_list(command, env["ESCAPE"])))
    if not text:
        return []
    done = subprocess.run(["/bin/sh", "-c", "printf '%s\\0' " + text], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def compile_words(folder, flags, unflags, variables):
    """The C++ compiler's words, without its own name."""
    with inside(folder):
        env = environment(folder, variables)
        env.Replace(CCFLAGS=[], CXXFLAGS=[], LINKFLAGS=[], CPPDEFINES=[], CPPPATH=[], LIBS=[])
        env.ProcessFlags(flags)
        env.ProcessUnFlags(unflags)
        return {
            "cxx": words_of(env, "$CXXFLAGS $CCFLAGS $_CCCOMCOM"),
            "link": words_of(env, "$LINKFLAGS"),
            "libs": words_of(env, "$_LIBDIRFLAGS $_LIBFLAGS"),
        }
