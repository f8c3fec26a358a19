"""What jig makes of a sketch is what arduino-cli makes of it, byte for byte.

tests/vectors/arduino-cli/expected.json has arduino-cli's results and the commands that made them.
"""

import json
import subprocess

import pytest

from jig_bench import ROOT, UNO, libraries, sha256

EXPECTED = json.loads((ROOT / "tests/vectors/arduino-cli/expected.json").read_text())
SKETCHES = EXPECTED["sketches"]
BOARDS = [b for b in EXPECTED["boards"] if b["builds"]]


def same_as_arduino_cli(result, expected, folder):
    """Compares .hex, .eep and sizes, and the .bin that expected.json's bin_command makes of the ELF."""
    made = result["artifacts"]
    assert sha256(made["hex"]) == expected["hex_sha256"]
    if "eep_sha256" in expected:
        assert sha256(made["eep"]) == expected["eep_sha256"]
    binary = folder / "firmware.bin"
    subprocess.run(["avr-objcopy", "-O", "binary", "-R", ".eeprom", made["elf"], binary],
                   check=True)
    assert sha256(binary) == expected["bin_sha256"]
    if "bin" in made:
        assert sha256(made["bin"]) == expected["bin_sha256"]
    assert result["flash_bytes"] == expected["flash_bytes"]
    assert result["ram_bytes"] == expected["ram_bytes"]


def build(shared, sketch, fqbn, folder):
    # A sketch of the source tree is built in place, and leaves nothing there.
    outcome = shared.jig("build", ROOT / "tests/sketches" / sketch, "--fqbn", fqbn, "--build-dir",
                         folder / "built")
    assert not (ROOT / "tests/sketches" / sketch / ".jig").exists()
    return outcome


@pytest.mark.parametrize("sketch", sorted(s for s in SKETCHES if SKETCHES[s]["builds"]))
def test_uno(shared, tmp_path, sketch):
    expected = SKETCHES[sketch]
    result = build(shared, sketch, UNO, tmp_path).result
    assert result["fqbn"] == UNO
    assert result["flash_max"] == 32256 and result["ram_max"] == 2048
    same_as_arduino_cli(result, expected, tmp_path)
    assert [text.split()[0] for text in libraries(result)] == expected["libraries"]


@pytest.mark.parametrize("sketch", sorted(s for s in SKETCHES if not SKETCHES[s]["builds"]))
def test_what_arduino_cli_cannot_build(shared, tmp_path, sketch):
    """There is nothing to compare with; jig may do better, and must not do less than say why."""
    outcome = build(shared, sketch, UNO, tmp_path)
    if outcome.status != 0:
        outcome.error(6)
        assert any(d["severity"] == "error" for d in outcome.kinds("diagnostic"))


@pytest.mark.parametrize("board", BOARDS, ids=[f"{b['fqbn']}-{b['sketch']}" for b in BOARDS])
def test_other_boards(shared, tmp_path, board):
    result = build(shared, board["sketch"], board["fqbn"], tmp_path).result
    same_as_arduino_cli(result, board, tmp_path)
