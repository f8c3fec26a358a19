"""platform = atmelavr@VERSION and platform_packages: what is PlatformIO's own, and what is used for it."""

from test_lock import locked

INI = """[env:a]
platform = {platform}
board = uno
framework = arduino
{more}
"""


def project(bench, name, platform, more=""):
    return bench.project(name, {
        "platformio.ini": INI.format(platform=platform, more=more),
        "src/main.cpp": "#include <Arduino.h>\nvoid setup() {}\nvoid loop() {}\n"})


def warnings(outcome):
    assert outcome.result["outcome"] in ("built", "up_to_date")
    return [n["text"] for n in outcome.notices("project.warning")]


def test_a_release_whose_core_is_known(new_bench, acme, warm_cache):
    acme.publish_arduino("1.6.19")
    bench = new_bench(conf=acme.conf(), cache=warm_cache)
    folder = project(bench, "old", "platformio/atmelavr @ 1.6.0")
    (text,) = warnings(bench.jig("build", folder))
    assert "1.6.19 of the core" in text and "arduino:avr 1.8" in text
    assert text.endswith("jig packages install core 'arduino:avr@1.6.19'")

    bench.jig("packages", "install", "core", "arduino:avr@1.6.19").result
    assert warnings(bench.jig("build", folder)) == []
    bench.jig("packages", "sync", "--upgrade", folder).result
    assert locked(folder) == {"acme:cc": "5.0", "arduino:avr": "1.6.19"}
    assert warnings(bench.jig("build", folder)) == []


def test_releases_whose_core_is_not(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    both = project(bench, "both", "atmelavr@4.1.0")
    text = (both / "platformio.ini").read_text()
    (both / "platformio.ini").write_text(text + text.replace("env:a", "env:b"))
    (text,) = warnings(bench.jig("build", both))  # once, not for each environment
    assert "framework-arduino-avr 5.1.0 with avr-gcc 7.3.0" in text and "platform = arduino:avr@VERSION" in text
    (text,) = warnings(bench.jig("build", project(bench, "range", "atmelavr@^4.2")))
    assert "'^4.2'" in text and "not known" in text and "arduino:avr 1.8" in text
    assert warnings(bench.jig("build", project(bench, "none", "atmelavr"))) == []


def test_packages_of_platformios(new_bench, warm_cache):
    bench = new_bench(cache=warm_cache)
    folder = project(bench, "p", "atmelavr", "platform_packages =\n"
                     "    toolchain-atmelavr@1.70300.191015\n    platformio/framework-arduino-avr\n")
    (text,) = warnings(bench.jig("build", folder))
    assert "toolchain-atmelavr@1.70300.191015, platformio/framework-arduino-avr" in text
    assert "arduino:avr 1.8" in text
