"""Sketch folders: boards by name and by sketch.yaml, libraries of the platform and of the user."""

import pytest

from jig_bench import UNO, has_text, libraries

BLINK = "void setup() {}\nvoid loop() {}\n"


def test_by_file_and_by_folder(shared, name):
    folder = shared.sketch(name, BLINK)
    first = shared.build(folder)
    assert shared.build(folder / f"{name}.ino")["outcome"] == "up_to_date"
    assert shared.build(".", cwd=folder)["outcome"] == "up_to_date"
    assert first["artifacts"]["hex"].endswith(f"{name}.ino.hex")
    # DIR is the current folder when it is left out.
    assert shared.jig("build", "--fqbn", UNO, cwd=folder).result["outcome"] == "up_to_date"


def test_no_board(shared, name):
    folder = shared.sketch(name, BLINK)
    shared.jig("build", folder).error(3, "board", "--fqbn")


def test_board_of_sketch_yaml(shared, name):
    folder = shared.sketch(name, BLINK, **{"sketch.yaml": "default_fqbn: arduino:avr:nano\n"})
    assert shared.build(folder, fqbn=None)["fqbn"] == "arduino:avr:nano"
    assert shared.build(folder, fqbn=UNO)["fqbn"] == UNO


def test_profiles_of_sketch_yaml(shared, name):
    folder = shared.sketch(name, BLINK, **{"sketch.yaml": (
        "profiles:\n  small:\n    fqbn: arduino:avr:uno\n    platforms:\n"
        "      - platform: arduino:avr (1.8.7)\n"
        "  large:\n    fqbn: arduino:avr:mega:cpu=atmega1280\n    platforms:\n"
        "      - platform: arduino:avr (1.8.7)\ndefault_profile: small\n")})
    result = shared.build(folder, fqbn=None)
    assert (result["environment"], result["fqbn"]) == ("small", UNO)
    result = shared.build(folder, "-e", "large", fqbn=None)
    assert result["fqbn"] == "arduino:avr:mega:cpu=atmega1280" and result["flash_max"] == 126976


def test_builds_of_two_boards_stand_side_by_side(shared, name):
    folder = shared.sketch(name, BLINK)
    shared.build(folder)
    shared.build(folder, fqbn="arduino:avr:nano:cpu=atmega328")
    assert shared.build(folder)["outcome"] == "up_to_date"
    assert shared.build(folder, fqbn="arduino:avr:nano:cpu=atmega328")["outcome"] == "up_to_date"


@pytest.mark.parametrize("fqbn, parts", [
    ("arduino:avr:unoo", ["'unoo'", "nearest: uno"]),
    ("arduino:avrr:uno", ["avrr", "arduino:avr"]),
    ("arduino:avr:nano:cpu=atmega329", ["atmega329", "atmega328"]),
    ("arduino:avr:nano:cppu=atmega328", ["cppu", "cpu"]),
    ("arduino:avr", ["arduino:avr"]),
    ("uno", ["uno"])])
def test_unknown_boards(shared, name, fqbn, parts):
    shared.jig("build", shared.sketch(name, BLINK), "--fqbn", fqbn).error(2, *parts)


def test_users_own_library(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    library = bench.folder / "home/Arduino/libraries/Owned"
    library.mkdir(parents=True)
    (library / "Owned.h").write_text('#define OWNED F("owned-one")\n')
    folder = bench.sketch("own", "#include <Owned.h>\nvoid setup() { Serial.begin(9600); "
                                 "Serial.println(OWNED); }\nvoid loop() {}\n")
    result = bench.build(folder)
    assert has_text(result, "owned-one") and str(library) in libraries(result)[0]
    (library / "Owned.h").write_text('#define OWNED F("owned-two")\n')
    assert has_text(bench.build(folder), "owned-two")
    # A library that was installed while the daemon ran is found.
    (library.parent / "Late").mkdir()
    (library.parent / "Late" / "Late.h").write_text('#define LATE F("late-one")\n')
    late = bench.sketch("late", "#include <Late.h>\nvoid setup() { Serial.begin(9600); "
                                "Serial.println(LATE); }\nvoid loop() {}\n")
    assert has_text(bench.build(late), "late-one")
