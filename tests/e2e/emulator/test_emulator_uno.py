"""The emulated Uno, from outside: real avrdude, real clients, its side channel."""

import os
import signal
import socket
import subprocess
import zlib
from fractions import Fraction

import pytest

from uno_bench import BOOTLOADER, FLASH_SIZE, UNO, Deadline, avrdude, upload

INSYNC_OK = b"\x14\x10"  # optiboot's answer to "are you there", 0x30 0x20
ARE_YOU_THERE = b"\x30\x20"


def greeting(port):
    """Which start the `hello` program says this is."""
    port.read_until(b"hello ")
    return int(port.read_until(b"\n"))


def has_said(emulator, text):
    """Waits until a program that began at power-on has said this to nobody."""
    emulator.wait_for(lambda s: s["unheard"] >= len(text), f"{text!r}")


def start_echo(start, program, baud=115200):
    """A board that runs the `hello` program, is past its greeting, and is not reset by an open."""
    emulator = start("--no-reset-on-open", program=program("hello", BAUD=baud))
    has_said(emulator, "hello 0\n")
    return emulator


# ---- flashing ----


def test_avrdude_writes_verifies_and_the_program_runs(start, program):
    hello = program("hello")
    emulator = start()
    upload(emulator, hello)
    with emulator.open(115200) as port:
        assert greeting(port) in (0, 1)  # 1: it ran before the port was opened again
        port.write(b"ping")
        assert port.read_exactly(4) == b"ping"
    flash = emulator.command("flash")
    assert flash["used"] == len(hello.code)
    assert int(flash["crc32"], 16) == zlib.crc32(hello.code)
    assert emulator.status()["faults"] == 0


def test_flash_and_eeprom_outlive_the_emulator(start, program):
    big = program("hello", FILL=30000)
    emulator = start()
    upload(emulator, big)
    with emulator.open() as port:
        first = greeting(port)
        assert port.read_until(b"\n") == b"90\n"  # the last byte of the fill
    status, said = emulator.end(lambda: emulator.process.send_signal(signal.SIGTERM))
    assert (status, said) == (0, "")
    flash = emulator.flash.read_bytes()
    assert len(flash) == FLASH_SIZE
    assert flash.startswith(big.code)
    assert flash.endswith(BOOTLOADER.read_bytes())
    again = start()
    has_said(again, "hello 0\n90\n")  # at power-on, and once more as the port is opened
    with again.open() as port:
        assert greeting(port) == first + 2


def test_killed_while_it_is_flashed_the_file_is_whole(start, program):
    old = program("hello")
    emulator = start(program=old)
    before = emulator.flash.read_bytes()
    with avrdude(emulator.link, program("hello", FILL=30000).hex) as tool:
        try:
            emulator.wait_for(lambda s: s["heard"] > 8000, "a quarter of the upload")
            emulator.process.kill()
            emulator.process.wait()
        finally:
            tool.kill()  # it would spin for ever on its dead port
    assert emulator.flash.read_bytes() == before
    again = start()
    with again.open() as port:
        assert greeting(port) > 0
    upload(again, program("hello", FILL=1500))


def test_half_an_upload_is_not_saved_while_the_tool_pauses(start, program):
    emulator = start(program=program("hello"))
    before = emulator.flash.read_bytes()
    with emulator.open(115200) as port:
        in_bootloader(emulator)
        for command in (b"U\0\0 ", b"d\0\x80F" + b"\xaa" * 128 + b" "):  # page 0
            port.write(command)
            assert port.read_exactly(2) == INSYNC_OK
        pause_ends = emulator.status()["cycles"] + 16_000_000
        while emulator.status()["cycles"] < pause_ends:
            port.write(ARE_YOU_THERE)  # keeps the bootloader from giving up
            assert port.read_exactly(2) == INSYNC_OK
        assert emulator.status()["saved"] is False
        assert emulator.flash.read_bytes() == before
        port.write(b"Q ")  # the end of an upload
        assert port.read_exactly(2) == INSYNC_OK
        emulator.wait_for(lambda s: s["saved"], "the file")
    assert emulator.flash.read_bytes() == b"\xaa" * 128 + before[128:]


def test_two_boards_are_flashed_at_once(start, program):
    boards = [start(name="a"), start(name="b")]
    assert boards[0].hello["port"] != boards[1].hello["port"]
    programs = [program("hello"), program("chatter")]
    tools = [avrdude(b.link, p.hex) for b, p in zip(boards, programs)]
    for tool in tools:
        with tool:
            said, _ = tool.communicate(timeout=60)
        assert tool.returncode == 0, said
    for board, code in zip(boards, programs):
        assert int(board.command("flash")["crc32"], 16) == zlib.crc32(code.code)


def test_the_boot_section_cannot_be_overwritten(start, program):
    emulator = start("--no-reset-on-open", program=program("vandal"))
    with emulator.open() as port:
        port.write(b"?")
        port.read_until(b"tried\n")
    emulator.command("flash")
    assert emulator.flash.read_bytes().endswith(BOOTLOADER.read_bytes())


# ---- resets ----


def test_opening_the_port_resets(start, program):
    emulator = start(program=program("hello"))
    with emulator.open() as port:
        first = greeting(port)
    with emulator.open() as port:
        assert greeting(port) == first + 1
        with emulator.open() as second:  # DTR is up already
            second.write(b"x")
            assert port.read_exactly(1) == b"x"


def in_bootloader(emulator):
    """Waits until the board has seen the open: what was written before that it does not hear."""
    emulator.wait_for(lambda s: s["open"] and s["in"] == "bootloader", "the bootloader")


def test_opening_leads_to_the_bootloader(start, program):
    emulator = start(program=program("hello"))
    with emulator.open(115200) as port:
        in_bootloader(emulator)
        port.write(ARE_YOU_THERE)
        assert port.read_exactly(2) == INSYNC_OK


def test_without_reset_on_open_the_program_runs_on(start, program):
    emulator = start_echo(start, program)
    for byte in (b"a", b"b"):
        with emulator.open() as port:
            port.write(byte)
            assert port.read_exactly(1) == byte
    status = emulator.status()
    assert (status["opens"], status["resets"]) == (2, 0)


def test_fifty_quick_opens_are_all_seen(start, program):
    emulator = start(program=program("hello"))
    for _ in range(50):
        emulator.open().close()
    status = emulator.wait_for(lambda s: s["opens"] == 50 and not s["open"], "fifty opens")
    assert 1 <= status["resets"] - status["watchdog_resets"] <= 50
    with emulator.open() as port:
        greeting(port)


def test_dtr_resets_at_its_edge_only(start, program):
    emulator = start("--no-reset-on-open", program=program("hello"))
    for command, resets in (
        ("dtr 0", 0),
        ("dtr 1", 1),
        ("dtr 1", 1),
        ("dtr 0", 1),
        ("dtr 1", 2),
        ("reset", 3),
    ):
        assert emulator.command(command) == {"ok": True}
        status = emulator.status()
        assert status["resets"] - status["watchdog_resets"] == resets, command
        assert status["dtr"] == (command != "dtr 0") or command == "reset"


def test_asleep_with_interrupts_off_only_a_reset_helps(start, program):
    emulator = start("--no-reset-on-open", program=program("sleeper"))
    with emulator.open() as port:
        assert port.read_exactly(3)[-2:].isalpha()  # the timer wakes it
        port.write(b"h")
        emulator.wait_for(lambda s: s["state"] == "halted", "halt")
        emulator.command("reset")
        port.read_until(b"!a")
        port.write(b"w")  # the watchdog gets it out as well
        port.read_until(b"!a")
    assert emulator.status()["watchdog_resets"] == 2  # the other one ended the bootloader


# ---- the line ----


@pytest.mark.parametrize("baud", [115200, 1000000])
def test_nothing_is_lost_in_either_direction(start, program, baud):
    emulator = start_echo(start, program, baud)
    data = bytes(i * 7 % 256 for i in range(4096))
    with emulator.open(baud) as port:
        port.write(data)
        assert port.read_exactly(len(data)) == data
    status = emulator.status()
    assert (status["lost"], status["dropped"]) == (0, 0)


def test_a_client_that_does_not_read_stops_nothing(start, program):
    emulator = start("--no-reset-on-open", program=program("chatter", BAUD=1000000))
    with emulator.open(1000000) as port:
        dropped = emulator.wait_for(lambda s: s["dropped"] > 0, "a full line")
        later = emulator.wait_for(lambda s: s["dropped"] > dropped["dropped"] + 1000, "more")
        assert later["cycles"] > dropped["cycles"]
        # What it then reads is whole lines at first, from before the gap.
        lines = port.read_exactly(4096).split(b"\n")[1:-1]
        numbers = [int(line) for line in lines]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        reading = emulator.status()["said"]
        deadline = Deadline()
        while emulator.status()["said"] < reading + 100000:
            port.read_some(deadline, "the line flows again")


def test_what_nobody_hears_is_counted(start, program):
    emulator = start(program=program("chatter"))
    emulator.wait_for(lambda s: s["unheard"] > 1000, "talk")
    assert emulator.status()["said"] == 0


def test_what_a_deaf_program_is_sent_is_lost(start):
    emulator = start("--no-reset-on-open")  # blank: its receiver is never on
    with emulator.open() as port:
        port.write(b"x" * 100000)
        emulator.wait_for(lambda s: s["lost"] == 100000, "all of it lost")


def at_another_speed(data, sender, receiver):
    """What a receiver makes of bytes that come one at a time: (byte, framing error?) each."""
    seen = []
    for byte in data:
        bits = [0, *(byte >> i & 1 for i in range(8)), 1]

        def level(seconds):
            bit = int(seconds * sender)
            return bits[bit] if bit < len(bits) else 1

        after = Fraction(0)
        for bit, high in enumerate(bits):
            edge = Fraction(bit, sender)
            falls = not high and (bit == 0 or bits[bit - 1])
            if not falls or edge < after or level(edge + Fraction(1, 2 * receiver)):
                continue
            samples = [level(edge + Fraction(2 * i + 3, 2 * receiver)) for i in range(9)]
            seen.append((sum(s << i for i, s in enumerate(samples[:8])), not samples[8]))
            after = edge + Fraction(19, 2 * receiver)
    return seen


@pytest.mark.parametrize("baud", [2400, 4800, 19200, 115200])
def test_the_wrong_speed_garbles_both_ways(start, program, baud):
    uart = 9615  # what 16 MHz makes of 9600
    sent = b"\x00Not right.\xff"
    echoed = bytes(byte for byte, _ in at_another_speed(sent, baud, uart))
    expected = bytes(byte for byte, _ in at_another_speed(echoed, uart, baud))
    emulator = start_echo(start, program, 9600)
    with emulator.open(baud) as port:
        emulator.wait_for(lambda s: s["line_baud"] == baud, "the wrong speed")
        assert emulator.status()["baud"] == uart
        port.write(sent)
        assert port.read_exactly(len(expected)) == expected
        port.set_baud(9600)
        emulator.wait_for(lambda s: s["line_baud"] == 9600, "the right speed")
        port.write(sent)
        port.read_until(sent)
    assert sent not in expected


def test_the_bootloader_does_not_understand_another_speed(start):
    emulator = start()
    with emulator.open(57600) as port:
        emulator.wait_for(lambda s: s["line_baud"] == 57600 and s["baud"] == 117647, "speeds")
        port.write(ARE_YOU_THERE * 4)
        emulator.wait_for(lambda s: s["heard"] == 8, "the bytes")
        emulator.wait_for(lambda s: s["watchdog_resets"] > 0, "the bootloader to give up")
        assert INSYNC_OK not in port.got


def test_a_client_that_sets_no_speed_is_understood(start, program):
    emulator = start_echo(start, program, 9600)
    with emulator.open() as port:
        port.write(b"hi")
        assert port.read_exactly(2) == b"hi"
        assert emulator.status()["line_baud"] == 0


# ---- wild programs ----


def test_wild_addresses_do_no_harm(start, program):
    emulator = start("--no-reset-on-open", program=program("wild"))
    with emulator.open() as port:
        emulator.wait_for(lambda s: s["baud"] == 117647, "the end of it")
        port.write(b"?")
        port.read_until(b"alive\n")
    assert emulator.status()["faults"] == 2 * (0x10000 - 0x900)
    status, said = emulator.end()
    assert status == 0
    assert len(said.splitlines()) <= 51  # it does not go on about it


@pytest.mark.parametrize("seed", range(4))
def test_random_flash_does_no_harm(start, seed):
    class Noise:
        image = b"".join(
            zlib.crc32(bytes([seed]) + i.to_bytes(4, "big")).to_bytes(4, "big")
            for i in range(FLASH_SIZE // 4)
        )

    emulator = start(program=Noise)
    emulator.wait_for(lambda s: s["cycles"] > 5_000_000, "some way")
    with emulator.open(115200) as port:
        in_bootloader(emulator)
        port.write(ARE_YOU_THERE)
        assert port.read_exactly(2) == INSYNC_OK


# ---- the side channel ----


def test_rubbish_on_the_side_channel(start):
    emulator = start()
    for text in ("", "resett", "dtr", "dtr 2", "dtr 1 ", "STATUS", "status\t", "x" * 10000):
        answer = emulator.command(text)
        assert answer["ok"] is False and answer["error"], text
    for raw in (b"\0\xff\xfe" * 1000, b"status", b"\n" * 3):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(emulator.control_path))
            rude.sendall(raw)  # and hangs up without reading
    assert emulator.status()["ok"] is True


def test_status_tells_what_it_is(start):
    emulator = start()
    status = emulator.status()
    assert status["board"] == "uno"
    assert status["pid"] == emulator.process.pid
    assert status["port"] == emulator.hello["port"] == os.readlink(emulator.link)
    assert emulator.hello["control"] == str(emulator.control_path)
    assert status["hz"] == 16000000
    assert status["saved"] is True


# ---- starting and ending ----


def ends(how, emulator):
    return {
        "stdin": lambda: None,
        "term": emulator.process.terminate,
        "int": lambda: emulator.process.send_signal(signal.SIGINT),
        "quit": lambda: emulator.command("quit"),
    }[how]


@pytest.mark.parametrize("how", ["stdin", "term", "int", "quit"])
def test_it_ends_cleanly(start, how):
    emulator = start()
    if how == "quit":
        assert emulator.command("quit") == {"ok": True}
        emulator.process.wait(30)
        status, said = emulator.end()
    else:
        status, said = emulator.end(ends(how, emulator))
    assert (status, said) == (0, "")
    assert sorted(p.name for p in emulator.folder.iterdir()) == [
        "eeprom",
        "eeprom.lock",
        "flash",
        "flash.lock",
    ]


def test_a_killed_one_leaves_nothing_in_the_way(start):
    emulator = start()
    emulator.process.kill()
    emulator.process.wait()
    assert emulator.link.is_symlink()
    assert start().status()["ok"] is True


def test_a_second_one_does_not_take_the_first_ones_file(start):
    first = start()
    second = start(wait=False)
    status, said = second.end()
    assert status == 1
    assert f"another emulator has the flash file {first.flash}" in said
    assert first.status()["ok"] is True


@pytest.mark.parametrize("size", [0, 100, FLASH_SIZE - 1, FLASH_SIZE + 1])
def test_a_flash_file_of_another_size_is_refused_and_kept(start, tmp_path, size):
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "flash").write_bytes(b"x" * size)
    status, said = start(wait=False).end()
    assert status == 1
    assert f"has {size} bytes, and this chip's flash has 32768" in said
    assert (tmp_path / "a" / "flash").read_bytes() == b"x" * size


def test_a_link_is_not_put_over_a_file(start, tmp_path):
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "port").write_text("mine")
    status, said = start(wait=False).end()
    assert status == 1
    assert "exists and is not a symbolic link" in said
    assert (tmp_path / "a" / "port").read_text() == "mine"


def test_the_later_of_two_keeps_the_link(start, tmp_path):
    first = start("--link", tmp_path / "port", name="a")
    second = start("--link", tmp_path / "port", name="b")
    assert first.end()[0] == 0
    assert os.readlink(tmp_path / "port") == second.hello["port"]


@pytest.mark.parametrize("size", [0, 511, 4097])
def test_a_bootloader_must_fit_a_boot_section(start, tmp_path, size):
    (tmp_path / "boot").write_bytes(b"\0" * size)
    status, said = start("--bootloader", tmp_path / "boot", wait=False).end()
    assert status == 1
    assert "a boot section has 512, 1024, 2048 or 4096" in said


@pytest.mark.parametrize(
    "options, message",
    [
        (["--frobnicate"], "unrecognized option"),
        (["extra"], "'extra' is not an option"),
        (["--flash"], "requires an argument"),
        (["--flash", ""], "--flash wants a FILE"),
    ],
)
def test_wrong_usage_is_status_2(options, message):
    run = subprocess.run([UNO, *options], capture_output=True, text=True, timeout=30)
    assert run.returncode == 2
    assert message in run.stderr
    assert run.stdout == ""


def test_help_and_version():
    run = subprocess.run([UNO, "--help"], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and "--no-reset-on-open" in run.stdout
    run = subprocess.run([UNO, "--version"], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and run.stdout.startswith("jig-emulator-uno ")
