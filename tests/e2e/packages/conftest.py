"""A made-up vendor with a core, its compiler and libraries, served from loopback."""

import hashlib
import io
import json
import tarfile
import zipfile

import pytest

from bad_server import BadServer, Status

HOSTS = ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "i686-linux-gnu"]

BOARDS = "toy.name=Toy\ntoy.build.mcu=atmega328p\ntoy.build.core=toy\ntoy.upload.maximum_size=32256\n"

PLATFORM = """name=Acme Boards
version=%s
compiler.path={runtime.tools.cc.path}/bin/
compiler.flags=-c -g -Os -mmcu={build.mcu} -MMD -DACME="%s"
recipe.c.o.pattern="{compiler.path}acme-gcc" {compiler.flags} {includes} "{source_file}" -o "{object_file}"
recipe.cpp.o.pattern="{compiler.path}acme-g++" {compiler.flags} {includes} "{source_file}" -o "{object_file}"
recipe.ar.pattern="{compiler.path}acme-ar" rcs "{archive_file_path}" "{object_file}"
recipe.c.combine.pattern="{compiler.path}acme-gcc" -mmcu={build.mcu} -o "{build.path}/{build.project_name}.elf" {object_files} "{archive_file_path}"
recipe.hooks.objcopy.postobjcopy.1.pattern=
recipe.size.pattern="{compiler.path}acme-size" -A "{build.path}/{build.project_name}.elf"
recipe.size.regex=^(?:\\.text|\\.data)\\s+([0-9]+).*
recipe.preproc.macros="{compiler.path}acme-g++" {compiler.flags} -w -x c++ -E -CC {includes} "{source_file}" -o "{preprocessed_file_path}"
"""

ARDUINO_H = """#pragma once
#ifdef __cplusplus
extern "C" {
#endif
void setup(void);
void loop(void);
#ifdef __cplusplus
}
#endif
"""

MAIN_CPP = "#include <Arduino.h>\nint main(void) { setup(); for (;;) loop(); }\n"

TOOL = "#!/bin/sh\nexec /usr/bin/avr-%s \"$@\"\n"


def tar(top, files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, (content, mode) in files.items():
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content.encode()))
    return out.getvalue()


def library_zip(name, version, text, depends=""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        top = f"{name}-{version}"
        archive.writestr(f"{top}/library.properties",
                         f"name={name}\nversion={version}\narchitectures=*\ndepends={depends}\n")
        archive.writestr(f"{top}/src/{name}.h", text)
    return out.getvalue()


class Acme(BadServer):
    """acme:toy 1.0.0 and 1.1.0 with acme:cc 5.0; libraries Blue 1.0.0, 1.2.0, 2.0.0 and Green 1.0.0,
    which needs Blue below 2."""

    def __init__(self):
        super().__init__()
        self.platforms, self.tools, self.libraries = [], [], []
        self.cc = self.keep("/cc-5.0.tar.gz", tar("cc", {
            f"bin/acme-{t}": (TOOL % t, 0o755) for t in ("gcc", "g++", "ar", "size", "objcopy")}))
        self.tools.append({"name": "cc", "version": "5.0",
                           "systems": [{"host": h, **self.cc} for h in HOSTS]})
        for version in ("1.0.0", "1.1.0"):
            self.add_platform(version)
        for version in ("1.0.0", "1.2.0", "2.0.0"):
            self.add_library("Blue", version, f'#define BLUE "{version}"\n')
        self.add_library("Green", "1.0.0", "#include <Blue.h>\n#define GREEN BLUE\n",
                         [{"name": "Blue", "version": "<2.0.0"}])

    def keep(self, path, data, *answers):
        self.put(path, data, *answers)
        return {"url": self.url(path), "archiveFileName": path[1:], "size": str(len(data)),
                "checksum": "SHA-256:" + hashlib.sha256(data).hexdigest()}

    def gate(self, path):
        """The compiler takes a line from that pipe before it works."""
        text = f'#!/bin/sh\nread line < {path}\nexec /usr/bin/avr-%s "$@"\n'
        cc = self.keep("/cc-6.0.tar.gz", tar("cc", {
            f"bin/acme-{t}": (text % t, 0o755) for t in ("gcc", "g++", "ar", "size")}))
        self.tools.append({"name": "cc", "version": "6.0", "systems": [{"host": h, **cc} for h in HOSTS]})
        self.add_platform("1.2.0", toolsDependencies=[
            {"packager": "acme", "name": "cc", "version": "6.0"}])

    def add_platform(self, version, boards="", edit=lambda text: text, **changes):
        data = tar("toy", {
            "boards.txt": (BOARDS + boards, 0o644),
            "platform.txt": (edit(PLATFORM % (version, version)), 0o644),
            "cores/toy/Arduino.h": (ARDUINO_H, 0o644), "cores/toy/main.cpp": (MAIN_CPP, 0o644)})
        self.platforms.append({
            "name": "Acme Boards", "architecture": "toy", "version": version,
            **self.keep(f"/toy-{version}.tar.gz", data), "boards": [{"name": "Toy"}],
            "toolsDependencies": [{"packager": "acme", "name": "cc", "version": "5.0"}], **changes})

    def add_library(self, name, version, text, depends=(), **changes):
        data = library_zip(name, version, text,
                           ", ".join(f"{d['name']} ({d['version']})" for d in depends))
        self.libraries.append({"name": name, "version": version,
                               **self.keep(f"/{name}-{version}.zip", data),
                               "dependencies": list(depends), **changes})

    def publish(self):
        self.put("/package_acme_index.json", json.dumps({"packages": [
            {"name": "acme", "platforms": self.platforms, "tools": self.tools}]}).encode())
        self.put("/library_index.json", json.dumps({"libraries": self.libraries}).encode())
        return self

    def publish_arduino(self, version):
        """That version of arduino:avr with the board uno, in place of acme's cores."""
        data = tar("avr", {
            "boards.txt": (BOARDS.replace("toy.", "uno."), 0o644),
            "platform.txt": (PLATFORM % (version, version) + "compiler.elf2hex.cmd=acme-objcopy\n"
                             "compiler.elf2hex.extra_flags=\n", 0o644),
            "cores/toy/Arduino.h": (ARDUINO_H, 0o644), "cores/toy/main.cpp": (MAIN_CPP, 0o644)})
        self.put("/package_acme_index.json", json.dumps({"packages": [
            {"name": "arduino", "tools": [], "platforms": [{
                "name": "AVR", "architecture": "avr", "version": version, "boards": [],
                **self.keep(f"/avr-{version}.tar.gz", data),
                "toolsDependencies": [{"packager": "acme", "name": "cc", "version": "5.0"}]}]},
            {"name": "acme", "platforms": [], "tools": self.tools}]}).encode())

    def conf(self, more="", fetch="", rounds=2):
        return (f"[packages]\nindexes_only = yes\nindexes = {self.url('/package_acme_index.json')}, "
                f"{self.url('/library_index.json')}\n{more}\n[fetch]\nrounds = {rounds}\n{fetch}\n")

    def unplug(self):
        """Nobody is there any more."""
        with self.lock:
            for entry in self.paths.values():
                entry[1:] = [[], Status(503)]

    def asked_for(self, path):
        return sum(1 for _, asked, _ in self.requests if asked == path)



@pytest.fixture
def acme():
    with Acme() as server:
        yield server.publish()
