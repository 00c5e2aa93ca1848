"""Reading the kernel log of a suite."""

from harness.results import kunit_log

WELL = """\
<12>[    0.010000] kmaplab: begin lab_x;lab_x_kunit
<6>[    0.020000] KTAP version 1
<6>[    0.020000] 1..1
<6>[    0.020000]     KTAP version 1
<6>[    0.020000]     # Subtest: lab_x
<6>[    0.020000]     # module: lab_x_kunit
<6>[    0.020000]     1..3
<6>[    0.030000] kmaplab: case one pid 41
<6>[    0.030000]     ok 1 one
<6>[    0.030000] kmaplab: case two pid 42
<3>[    0.030000] lab_x: something was refused
<6>[    0.030000]     ok 2 two
<6>[    0.030000] kmaplab: case three pid 43
<6>[    0.030000]     ok 3 three # SKIP there is no such thing
<6>[    0.030000] # lab_x: pass:2 fail:0 skip:1 total:3
<6>[    0.030000] # Totals: pass:2 fail:0 skip:1 total:3
<6>[    0.030000] ok 1 lab_x
""".splitlines()


def changed(old: str, new: str) -> list[str]:
    text = "\n".join(WELL)
    assert text.count(old) == 1
    return text.replace(old, new).splitlines()


def test_a_suite_is_read_whole() -> None:
    log = kunit_log.read(WELL)
    assert (log.name, log.plan, log.verdict, log.nonsense) == ("lab_x", 3, True, None)
    assert [case.name for case in log.cases] == ["one", "two", "three"]
    assert all(case.passed for case in log.cases)
    assert log.cases[2].skipped == "there is no such thing"
    assert log.cases[1].lines == ["lab_x: something was refused"]
    assert log.pids == {41: "one", 42: "two", 43: "three"}
    assert log.running is None and log.around == []


def test_a_report_belongs_to_the_case_that_it_came_in() -> None:
    log = kunit_log.read(changed("lab_x: something was refused", "BUG: KASAN: out of bounds"))
    assert [bool(case.reports) for case in log.cases] == [False, True, False]


def test_a_report_after_the_last_case_belongs_to_none() -> None:
    log = kunit_log.read([*WELL, "<4>[    0.040000] WARNING: CPU: 0 PID: 1 at lab_x.c:1"])
    assert log.around == ["WARNING: CPU: 0 PID: 1 at lab_x.c:1"]


def test_a_cut_off_suite_names_what_was_running() -> None:
    for end in range(8, 12):
        log = kunit_log.read(WELL[:end])
        assert log.verdict is None
        assert log.running == {8: "one", 9: None, 10: "two", 11: "two"}[end]


def test_a_result_out_of_order_makes_no_sense() -> None:
    log = kunit_log.read(changed("    ok 2 two", "    ok 3 two"))
    assert log.nonsense == "result 3 of 3 came as number 2"


def test_a_result_of_another_case_makes_no_sense() -> None:
    log = kunit_log.read(changed("    ok 2 two", "    ok 2 four"))
    assert log.nonsense == "four ended while two was running"


def test_a_missing_result_makes_no_sense() -> None:
    assert kunit_log.read(changed("    1..3", "    1..4")).nonsense == "3 results of 4 came"


def test_a_verdict_that_does_not_follow_makes_no_sense() -> None:
    log = kunit_log.read(changed("    ok 2 two", "    not ok 2 two"))
    assert log.nonsense == "its verdict does not follow from its cases"


def test_nothing_at_all_is_no_suite() -> None:
    log = kunit_log.read([])
    assert log.plan is None and log.verdict is None and not log.cases


def test_kunits_own_file_is_read() -> None:
    lines = ["KTAP version 1", "    # Subtest: lab_x", "    ok 1 one", "    not ok 2 two", "ok 1 x"]
    assert kunit_log.read_debugfs(lines) == {"one": True, "two": False}


LOADS = "load_survives_every_failed_allocation"


def loaded(*lines: str) -> list[str]:
    """Return the log with what was said while the lab was loaded, for a case of that."""
    mark = f"<6>[    0.010000] kmaplab: case {LOADS} pid 40"
    said = [f"<4>[    0.010000] {line}" for line in lines]
    return [WELL[0], mark, *said, *changed("ok 1 one", f"ok 1 {LOADS}")[1:]]


def test_what_goes_wrong_in_a_load_belongs_to_the_case_about_loads() -> None:
    log = kunit_log.read(loaded("BUG: KASAN: double-free"))
    assert log.nonsense == "load_survives_every_failed_allocation ended while one was running"
    log = kunit_log.read([line.replace("case one", f"case {LOADS}") for line in loaded("BUG: x")])
    assert log.nonsense is None
    assert log.cases[0].reports == ["BUG: x"] and log.around == []
    assert log.pids[40] == LOADS


def test_a_guest_that_dies_in_a_load_was_running_that_case() -> None:
    assert kunit_log.read(loaded("BUG: x")[:3]).running == LOADS


def test_what_is_said_in_loads_is_kept_if_there_is_no_such_case() -> None:
    log = kunit_log.read([WELL[0], f"kmaplab: case {LOADS} pid 40", "BUG: x", *WELL[1:]])
    assert log.nonsense is None and log.around == ["BUG: x"]
