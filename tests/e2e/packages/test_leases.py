"""What a build uses of the cache stays until the build has ended."""

import io
import os
import tarfile

TOY = "acme:toy:toy"


def waiting_tool(fifo):
    """acme:cc whose programs wait while somebody has the FIFO open for writing."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in "gcc", "g++", "ar", "size":
            text = f"""#!/bin/sh
[ -p '{fifo}' ] && /bin/cat '{fifo}' > /dev/null
exec /usr/bin/avr-{name} "$@"
""".encode()
            info = tarfile.TarInfo(f"cc/bin/acme-{name}")
            info.size, info.mode = len(text), 0o755
            archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def test_a_collection_leaves_a_build_its_tools(new_bench, acme, tmp_path):
    fifo = tmp_path / "wait"
    kept = acme.keep("/cc-6.0.tar.gz", waiting_tool(fifo))
    hosts = [system["host"] for system in acme.tools[0]["systems"]]
    acme.tools.append({"name": "cc", "version": "6.0",
                       "systems": [{"host": host, **kept} for host in hosts]})
    acme.add_platform("2.0.0", toolsDependencies=[
        {"packager": "acme", "name": "cc", "version": "6.0"}])
    acme.publish()
    bench = new_bench(conf=acme.conf())
    sketch = bench.sketch("blink", "void setup() {}\nvoid loop() {}\n")
    bench.jig("packages", "install", "core", "acme:toy").result

    os.mkfifo(fifo)
    building = bench.start("build", "--fqbn", TOY, sketch)
    writer = os.open(fifo, os.O_WRONLY)  # a tool has it open, too, and waits
    try:
        during = bench.jig("cache", "gc", "--all").result
    finally:
        fifo.unlink()
        os.close(writer)
    assert (during["installed"]["removed"], during["installed"]["in_use"]) == (0, 2)
    assert building.finish().result["outcome"] == "built"
    building.end()

    after = bench.jig("cache", "gc", "--all").result
    assert (after["installed"]["removed"], after["installed"]["in_use"]) == (2, 0)
    bench.jig("build", "--fqbn", TOY, sketch).error(2, "acme")
