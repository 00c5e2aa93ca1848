"""The result channel: only lines with the nonce count."""

import pytest

from harness.guest.channel import CommandReader, Files, Line, LineReader
from harness.base.errors import GuestError

NONCE = "0123456789abcdef"


def test_a_line_with_the_nonce_is_split_at_its_first_word() -> None:
    assert LineReader(NONCE).feed(f"@{NONCE} begin lab_x pages=4\n".encode()) == [
        Line("begin", "lab_x pages=4")
    ]


def test_a_line_without_the_nonce_is_dropped() -> None:
    forged = b"ok 1 forged\n@feedfeedfeedfeed ok 1 forged\n <6>@" + NONCE.encode() + b" ok 1\n"
    assert LineReader(NONCE).feed(forged) == []


def test_a_line_is_read_whole_however_it_is_cut() -> None:
    reader = LineReader(NONCE)
    lines = [line for byte in f"@{NONCE} done 0\n".encode() for line in reader.feed(bytes([byte]))]
    assert lines == [Line("done", "0")]


def test_a_line_that_never_ends_is_no_line() -> None:
    assert LineReader(NONCE).feed(f"@{NONCE} done 0".encode()) == []


def test_a_terminal_carriage_return_is_no_part_of_a_line() -> None:
    assert LineReader(NONCE).feed(f"@{NONCE} done 0\r\n".encode()) == [Line("done", "0")]


def test_noise_in_the_middle_spoils_one_line_only() -> None:
    data = f"@{NONCE} ok 1 a\n@{NONCE[:5]}[ 1.0] oops\n@{NONCE} ok 2 b\n".encode()
    assert LineReader(NONCE).feed(data) == [Line("ok", "1 a"), Line("ok", "2 b")]


def frame(output: bytes, status: int = 0) -> bytes:
    mark = f"@{NONCE}".encode()
    return b"noise\n" + mark + b" begin\n" + output + b"\n" + mark + f" done {status}\n".encode()


def test_a_commands_output_comes_out_as_it_went_in() -> None:
    output = bytes(range(256)) + b"\n@\n@0123 no end"
    reader = CommandReader(NONCE)
    assert reader.feed(frame(output, 7)) == output
    assert reader.status == 7


def test_a_commands_output_is_the_same_however_it_is_cut() -> None:
    output = b"one\n\n@" + NONCE.encode() + b" don\ntwo"
    reader = CommandReader(NONCE)
    assert b"".join(reader.feed(bytes([byte])) for byte in frame(output, 3)) == output
    assert reader.status == 3


def test_output_is_passed_on_while_the_command_runs() -> None:
    reader = CommandReader(NONCE)
    reader.feed(f"@{NONCE} begin\n".encode())
    assert reader.feed(b"first line\n") == b"first line"
    assert reader.feed(b"second line\n") == b"\nsecond line"


def test_a_command_that_was_cut_off_has_no_status() -> None:
    reader = CommandReader(NONCE)
    said = reader.feed(frame(b"half", 0)[:-3])
    assert (said + reader.rest()).startswith(b"half")
    assert reader.status is None


def test_another_nonce_does_not_end_the_command() -> None:
    reader = CommandReader(NONCE)
    reader.feed(frame(b"\n@feedfeedfeedfeed done 0\n", 1))
    assert reader.status == 1


def test_a_file_is_put_together_and_kept_from_the_results() -> None:
    files = Files()
    data = f"""@{NONCE} file /a b.gcda
@{NONCE} data AAEC
@{NONCE} data /w==
@{NONCE} file /empty
@{NONCE} done
"""
    assert LineReader(NONCE, files).feed(data.encode()) == [Line("done", "")]
    assert files.contents() == {"/a b.gcda": b"\0\1\2\xff", "/empty": b""}


@pytest.mark.parametrize("damaged", ["AAE", "A AEC", "\N{EURO SIGN}AEC"])
def test_a_file_that_is_not_whole_is_the_guests_fault(damaged: str) -> None:
    files = Files()
    LineReader(NONCE, files).feed(f"@{NONCE} file a\n@{NONCE} data {damaged}\n".encode())
    with pytest.raises(GuestError, match="is damaged"):
        files.contents()
