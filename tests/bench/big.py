"""A project with very many files, for what has to stay fast when a project grows.

  big.py FOLDER [--files 10000] [--sources 100]

makes a PlatformIO project for an Uno: so many sources, each of which includes an equal share of the
headers; a header is one line, and is included by one source alone. Every file is an input of the
build.
"""

import argparse
import os

INI = """[env:uno]
platform = atmelavr
board = uno
framework = arduino
"""
MAIN = "#include <Arduino.h>\nvoid setup() {}\nvoid loop() {}\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def source_name(i):
    return f"unit{i:04}.cpp"


def source_text(i, headers, edit=0):
    includes = "".join(f'#include "group{i:04}/part{k:04}.h"\n' for k in range(headers))
    return f"{includes}int unit{i:04}() {{ return part{i:04}_0000 + {edit}; }}\n"


def make(folder, files, sources=100):
    """Makes the project; the number of its files is the next multiple of `sources`."""
    headers = max(1, files // sources - 1)
    for name in ("src", "include"):
        os.makedirs(os.path.join(folder, name))
    write(os.path.join(folder, "platformio.ini"), INI)
    write(os.path.join(folder, "src", "main.cpp"), MAIN)
    for i in range(sources):
        group = os.path.join(folder, "include", f"group{i:04}")
        os.makedirs(group)
        for k in range(headers):
            write(os.path.join(group, f"part{k:04}.h"),
                  f"static const int part{i:04}_{k:04} = {k};\n")
        write(os.path.join(folder, "src", source_name(i)), source_text(i, headers))
    return headers


def edit_source(folder, i, headers, number):
    write(os.path.join(folder, "src", source_name(i)), source_text(i, headers, number))


def edit_header(folder, i, k, number):
    write(os.path.join(folder, "include", f"group{i:04}", f"part{k:04}.h"),
          f"static const int part{i:04}_{k:04} = {number};\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--sources", type=int, default=100)
    args = parser.parse_args()
    headers = make(args.folder, args.files, args.sources)
    print(f"{args.folder}: {args.sources} sources with {headers} headers each")


if __name__ == "__main__":
    main()
