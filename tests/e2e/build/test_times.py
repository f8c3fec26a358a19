"""Where the time went: of one operation, and of all of them together."""

from jig_bench import UNO

SKETCH = "void setup() {}\nvoid loop() {}\n"


def test_what_builds_took(bench):
    folder = bench.sketch("Timed", SKETCH)
    built = bench.build(folder)
    again = bench.build(folder)
    assert (built["outcome"], again["outcome"]) == ("built", "up_to_date")
    assert built["phases_us"] and sum(built["phases_us"].values()) <= built["server_us"]
    assert again["phases_us"]

    timing = bench.jig("ops", "show", built["operation"], "--timing").result["timing"]
    assert timing == [{"work": f"build {built['environment']}", "outcome": "built",
                       "server_us": built["server_us"], "phases_us": built["phases_us"]}]

    stats = bench.jig("daemon", "stats").result
    times = stats["histograms"]
    for result in (built, again):
        figures = times[f"build.{result['outcome']}"]
        assert figures["count"] == 1
        assert figures["min_us"] == figures["max_us"] == figures["p99_us"] == result["server_us"]
    for phase, us in built["phases_us"].items():
        assert times[f"build.phase.{phase}"]["max_us"] >= us
    assert times["rpc.GetOperation"]["count"] == 1
    for memo in ("files", "objects"):
        assert stats["memos"][memo]["hits"] + stats["memos"][memo]["misses"] > 0
    for memo in ("tools", "probes", "platforms", "libraries"):
        figures = stats["memos"][memo]
        assert figures["entries"] > 0 and figures["hits"] > 0 and figures["fallbacks"] == 0, memo
        assert figures["misses"] > 0 or memo == "tools", memo  # which are known from before

    failed = bench.jig("build", folder, "--fqbn", UNO, "-e", "nothing")
    assert failed.status != 0
    assert "build.failed" not in bench.jig("daemon", "stats").result["histograms"]
    (folder / "Timed.ino").write_text("int main( {", encoding="utf-8")
    bench.jig("build", folder, "--fqbn", UNO).error(6)
    assert bench.jig("daemon", "stats").result["histograms"]["build.failed"]["count"] == 1
