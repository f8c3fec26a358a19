"""What a project has in data/ as pointers: embedded, linked by, and not written anywhere by itself."""

import os
import pathlib
import shutil

from jig_bench import EXIT_NOT_FOUND, has_text
from pointers import MAIN, UNO, archive, build, steps, symbols

USES = """
extern "C" const char _binary_data_a_bin_start[], _binary_more_a_bin_start[], _binary_data_t_txt_start[];
extern "C" const char _binary_data_t_txt_end[], from_script[], from_option[];
const char *const uses[] = {_binary_data_a_bin_start, _binary_more_a_bin_start, _binary_data_t_txt_start};
"""
PRINTS = ("for (unsigned i = 0; i < 3; i++) Serial.println((int)uses[i]);"
          "Serial.println((int)from_script + (int)from_option);")
INI = ("board_build.embed_files = data/a.bin more/a.bin\nboard_build.embed_txtfiles = data/t.txt\n"
       "board_build.ldscript = data/script.ld\nbuild_flags = -Wl,-Tdata/option.ld\n")
POINTERS = {"data/a.bin": b"a of data", "more/a.bin": b"a of more", "data/t.txt": b"a text",
            "data/script.ld": b"SECTIONS {} INSERT AFTER .text; PROVIDE(from_script = 4711);\n",
            "data/option.ld": b"SECTIONS {} INSERT AFTER .data; PROVIDE(from_option = 4712);\n",
            "data/web/index.html": b"<p>for a file system</p>\n",
            "data/fonts": archive({"one.fnt": "a font", "two.fnt": "another"})}


def blobs(bench):
    return {p: p.read_bytes() for p in pathlib.Path(bench.env["XDG_CACHE_HOME"]).rglob("blobs/sha256/*/*")
            if p.is_file()}


def test_embedded_and_linked(bench, project, put):
    folder = project(INI, {"src/main.cpp": MAIN.format(USES, PRINTS)}, POINTERS)
    result = build(bench, folder)
    at = symbols(result["artifacts"]["elf"])
    assert has_text(result, "a of data") and has_text(result, "a of more") and has_text(result, "a text")
    assert at["_binary_data_t_txt_end"] - at["_binary_data_t_txt_start"] == len("a text") + 1
    assert (at["from_script"], at["from_option"]) == (4711, 4712)
    assert not has_text(result, "for a file system"), "nobody asked for it"
    made = folder / ".jig/build/.lnk/files/data"
    assert (made / "web/index.html").read_bytes() == POINTERS["data/web/index.html"]
    assert (made / "fonts/one.fnt").read_text() == "a font"
    assert build(bench, folder)["outcome"] == "up_to_date"
    # a script that changes links anew, and compiles nothing
    put(folder, "data/script.ld", b"SECTIONS {} INSERT AFTER .text; PROVIDE(from_script = 4713);\n")
    second = build(bench, folder)
    assert symbols(second["artifacts"]["elf"])["from_script"] == 4713
    assert not [s for s in steps(second) if s.startswith("compile")]
    # what no step uses changes nothing
    put(folder, "data/web/index.html", b"<p>another</p>\n")
    assert build(bench, folder)["outcome"] == "up_to_date"
    assert (made / "web/index.html").read_bytes() == b"<p>another</p>\n"


def test_the_symbols_are_the_same_wherever_it_lies(bench, project):
    """Names come from the path in the project; two files of one name in two folders are two."""
    folder = project(INI, {"src/main.cpp": MAIN.format(USES, PRINTS)}, POINTERS)
    one = {n for n in symbols(build(bench, folder)["artifacts"]["elf"]) if "_binary_" in n}
    assert {"_binary_data_a_bin_start", "_binary_more_a_bin_start"} <= one
    other = bench.folder / "another place"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns(".jig"))
    assert {n for n in symbols(build(bench, other)["artifacts"]["elf"]) if "_binary_" in n} == one


def test_a_text_is_never_written_through_to_the_cache(bench, project):
    """The NUL behind an embedded text is the object's, not the file's and not the blob's."""
    folder = project(INI, {"src/main.cpp": MAIN.format(USES, PRINTS)}, POINTERS)
    bench.jig("lnk", "pull", folder).result
    before = blobs(bench)
    assert POINTERS["data/t.txt"] in before.values()
    build(bench, folder)
    assert blobs(bench) == before
    for path in before:
        assert path.stat().st_nlink == 1 and path.stat().st_mode & 0o777 == 0o444
    made = folder / ".jig/build/.lnk/files/data/t.txt"
    assert made.read_bytes() == POINTERS["data/t.txt"] and os.stat(made).st_nlink == 1
    assert bench.jig("lnk", "check", "--deep", folder).status == 0


def test_a_pointer_of_data_that_nobody_uses_is_pulled_all_the_same(bench, project, server):
    """A build has all of a project's pointers in their places, or says which it has not."""
    folder = project("", {"src/main.cpp": MAIN.format("", "")}, {"data/a.bin": b"content"})
    del server.files["/data/a.bin"]
    bench.jig("build", folder).error(EXIT_NOT_FOUND, "data/a.bin.lnk")
    (folder / "data/a.bin.lnk").unlink()
    assert (folder / "platformio.ini").read_text() == UNO
    build(bench, folder)
