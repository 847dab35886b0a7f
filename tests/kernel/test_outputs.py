"""What a cell shows is kept as a front end would show it in the end."""

from __future__ import annotations

import base64
import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from mm_jupyter.kernel.bundle import BundleSink
from mm_jupyter.kernel.outputs import KEPT_BYTES, Capture, OutputTap, without_flushing
from mm_jupyter.records import OWN_MIME_PREFIX

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def _stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def _show(data: dict[str, Any], display_id: str | None = None) -> tuple[str, dict[str, Any]]:
    transient = {"display_id": display_id} if display_id else {}
    return "display_data", {"data": data, "metadata": {}, "transient": transient}


def _update(data: dict[str, Any], display_id: str) -> tuple[str, dict[str, Any]]:
    return "update_display_data", {"data": data, "transient": {"display_id": display_id}}


def _kept(*messages: tuple[str, dict[str, Any]], redactor: Any = None) -> list[tuple[Any, ...]]:
    capture = Capture()
    for kind, content in messages:
        capture.message(kind, content)
    sink = BundleSink()
    redact = redactor.text if redactor else lambda text: text
    return [
        (one.kind, one.name, {mime: sink.blobs[blob] for mime, blob in one.data.items()})
        for one in capture.outputs(sink.put, redact)
    ]


CLEAR = ("clear_output", {"wait": False})
CLEAR_WAIT = ("clear_output", {"wait": True})


@pytest.mark.parametrize(
    ("messages", "texts"),
    [
        ([_stream("a"), _stream("b")], ["ab"]),
        ([_stream("a"), _stream("b", "stderr"), _stream("c")], ["a", "b", "c"]),
        ([_stream("a"), _show({"text/plain": "x"}), _stream("b")], ["a", "x", "b"]),
        ([_stream("a"), CLEAR], []),
        ([_stream("a"), CLEAR_WAIT], ["a"]),
        ([_stream("a"), CLEAR_WAIT, _stream("b")], ["b"]),
        ([_stream("a"), CLEAR_WAIT, CLEAR_WAIT, _stream("b"), _stream("c")], ["bc"]),
        ([_show({"text/plain": "1"}, "d"), _update({"text/plain": "2"}, "d")], ["2"]),
        ([_show({"text/plain": "1"}, "d"), _update({"text/plain": "2"}, "e")], ["1"]),
        (
            [_show({"text/plain": "1"}, "d"), _show({"text/plain": "1"}, "d"),
             _update({"text/plain": "2"}, "d")],
            ["2", "2"],
        ),
        ([("status", {"execution_state": "idle"}), ("comm_open", {"data": {}})], []),
    ],
)  # fmt: skip
def test_messages_become_what_is_seen_in_the_end(messages: list[Any], texts: list[str]) -> None:
    assert [data["text/plain"].decode() for _, _, data in _kept(*messages)] == texts


def test_an_error_keeps_its_name_and_traceback() -> None:
    error = ("error", {"ename": "ValueError", "evalue": "no", "traceback": ["a", "b"]})
    assert _kept(error) == [("error", "ValueError", {"text/plain": b"a\nb"})]


def test_a_result_and_a_display_keep_every_form_and_their_id() -> None:
    picture = b"\x89PNG\r\n\x1a\n\xff"
    encoded = base64.b64encode(picture).decode()
    data = {
        "image/png": encoded + "\n",
        "image/svg+xml": "<svg/>",
        "text/html": "<b>ä</b>",
        "application/json": {"b": 1, "a": [None]},
    }
    (shown,) = _kept(_show(data, "d7"))
    assert shown == (
        "display_data",
        "d7",
        {
            "image/png": picture,
            "image/svg+xml": b"<svg/>",
            "text/html": "<b>ä</b>".encode(),
            "application/json": b'{"a": [null], "b": 1}',
        },
    )
    (result,) = _kept(("execute_result", {"data": {"text/plain": "3"}, "execution_count": 1}))
    assert result == ("execute_result", "", {"text/plain": b"3"})


def test_our_own_cards_are_left_out() -> None:
    card = _show({OWN_MIME_PREFIX + "run+json": {}, "text/plain": "churn/1"})
    assert [data for _, _, data in _kept(_stream("a"), card, _stream("b"))] == [
        {"text/plain": b"ab"}
    ]


@pytest.mark.parametrize(
    "message",
    [
        _stream(f"token={TOKEN}\n"),
        _show({"text/html": f"<code>{TOKEN}</code>"}),
        _show({"application/json": {"key": [TOKEN]}}),
        ("error", {"ename": "E", "traceback": [f"bad {TOKEN}"]}),
    ],
)
def test_secrets_are_redacted_in_every_form(message: Any, redactor: Any) -> None:
    ((_, _, data),) = _kept(message, redactor=redactor)
    (kept,) = data.values()
    assert TOKEN.encode() not in kept
    assert b"<redacted:" in kept


def test_a_secret_that_came_in_two_pieces_is_redacted(redactor: Any) -> None:
    ((_, _, data),) = _kept(_stream(TOKEN[:10]), _stream(TOKEN[10:]), redactor=redactor)
    assert b"<redacted:" in data["text/plain"]


def test_text_that_is_no_unicode_is_kept() -> None:
    assert _kept(_stream("a\udcff"))[0][2] == {"text/plain": b"a\xed\xb3\xbf"}


# The limit


def test_what_is_over_the_limit_is_counted_and_left_out() -> None:
    capture = Capture()
    capture.message(*_stream("x" * (KEPT_BYTES - 10)))
    capture.message(*_stream("y" * 30))
    capture.message(*_show({"text/plain": "z" * 5}))
    capture.message("error", {"ename": "E", "traceback": ["t" * 7]})
    sink = BundleSink()
    stream, shown, error = capture.outputs(sink.put, lambda text: text)
    assert len(sink.blobs[stream.data["text/plain"]]) == KEPT_BYTES
    assert (stream.truncated, shown.truncated, error.truncated) == (20, 5, 7)
    assert shown.data == {}
    assert capture.truncated == 32


def test_what_is_replaced_or_cleared_makes_room() -> None:
    capture = Capture()
    third = "x" * (KEPT_BYTES // 3 + 1)
    capture.message(*_show({"text/plain": third}, "bar"))
    for _ in range(10):
        capture.message(*_update({"text/plain": third}, "bar"))
    assert capture.truncated == 0
    capture.message(*CLEAR)
    capture.message(*_stream("y" * KEPT_BYTES))
    assert capture.truncated == 0


# The tap


class _Session:
    """Stands in for jupyter_client's: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, _: Any, msg_or_type: Any, content: Any = None, **__: Any) -> str:
        self.sent.append((msg_or_type, content))
        return "sent"


class _Kernel:
    def __init__(self, session: _Session) -> None:
        self.session = session
        self.parent: dict[str, Any] = {"header": {"msg_id": "r1"}}

    def get_parent(self) -> dict[str, Any]:
        return self.parent


class _Shell:
    def __init__(self) -> None:
        self.kernel = _Kernel(_Session())


def _texts(capture: Capture) -> list[str]:
    sink = BundleSink()
    outputs = capture.outputs(sink.put, lambda text: text)
    return [sink.blobs[one.data["text/plain"]].decode() for one in outputs]


def test_the_tap_sends_first_and_keeps_what_belongs_to_the_request() -> None:
    shell = _Shell()
    session: Any = shell.kernel.session
    tap = OutputTap(shell)
    capture, notebook = Capture(), Capture()
    key = tap.begin(capture, notebook)
    assert key == "r1"
    mine, other = {"header": {"msg_id": "r1"}}, {"header": {"msg_id": "r0"}}
    assert session.send(None, "stream", {"name": "stdout", "text": "a"}, parent=mine) == "sent"
    session.send(None, "stream", {"name": "stdout", "text": "b"}, parent={"msg_id": "r1"})
    session.send(None, "stream", {"name": "stdout", "text": "late"}, parent=other)
    whole = {
        "header": {"msg_type": "display_data"},
        "parent_header": {"msg_id": "r1"},
        "content": {"data": {"text/plain": "c"}},
    }
    session.send(None, whole)
    session.send(None, "stream", {"strange": 1}, parent=mine)  # not ours to complain about
    tap.end(key)
    session.send(None, "stream", {"name": "stdout", "text": "after"}, parent=mine)
    assert _texts(capture) == _texts(notebook) == ["ab", "c"]
    assert len(session.sent) == 6


def test_closing_the_tap_leaves_the_session_as_it_was() -> None:
    shell = _Shell()
    OutputTap(shell).close()
    assert "send" not in vars(shell.kernel.session)


def test_closing_the_tap_leaves_the_wrapper_of_another_tool_in_place() -> None:
    shell = _Shell()
    session: Any = shell.kernel.session
    seen: list[Any] = []
    session.send = lambda *args: seen.append(args)
    theirs = session.send
    tap = OutputTap(shell)
    session.send(None, "status", {})
    tap.close()
    assert session.send is theirs
    assert len(seen) == 1


def test_in_a_terminal_the_streams_are_seen_and_given_back(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tap = OutputTap(shell)
    assert tap.request() is None
    capture = Capture()
    before = sys.stdout, sys.stderr
    key = tap.begin(capture)
    shell.run_cell("import sys\nprint('out')\nprint('err', file=sys.stderr)\n1 + 1")
    tap.end(key)
    assert (sys.stdout, sys.stderr) == before
    sys.stdout.write("after\n")
    out, err = capsys.readouterr()
    assert out.startswith("out\n")
    assert out.endswith("after\n")
    assert err == "err\n"
    texts = "".join(_texts(capture))
    assert "out\n" in texts
    assert "err\n" in texts
    assert "2" in texts
    assert "after" not in texts


def test_a_stream_that_the_cell_replaced_is_left_to_the_cell(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap = OutputTap(shell)
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back at the end
    key = tap.begin(Capture())
    theirs = io.StringIO()
    monkeypatch.setattr(sys, "stdout", theirs)
    tap.end(key)
    assert sys.stdout is theirs


class _Stream(io.StringIO):
    """As ipykernel's: text waits in buffers by who wrote it."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._buffers = {None: io.StringIO()}
        self._buffers[None].write(text)


class _Publisher:
    def __init__(self) -> None:
        self.flushed = 0

    def _flush_streams(self) -> None:
        self.flushed += 1


@pytest.mark.parametrize(("waits", "flushed"), [("", 0), ("a line", 1)])
def test_a_card_flushes_the_streams_only_where_text_waits_in_them(
    monkeypatch: pytest.MonkeyPatch, waits: str, flushed: int
) -> None:
    publisher = _Publisher()
    shell = SimpleNamespace(display_pub=publisher)
    monkeypatch.setattr(sys, "stdout", _Stream())
    monkeypatch.setattr(sys, "stderr", _Stream(waits))
    with without_flushing(shell):
        publisher._flush_streams()
    assert publisher.flushed == flushed
    publisher._flush_streams()
    assert publisher.flushed == flushed + 1


def test_a_shell_that_flushes_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Stream())
    monkeypatch.setattr(sys, "stderr", _Stream())
    for shell in (None, SimpleNamespace(), SimpleNamespace(display_pub=SimpleNamespace())):
        with without_flushing(shell):
            pass
