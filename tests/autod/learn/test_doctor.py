"""autod.learn.doctor: our messages against those of every release's whack, and what a difference looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autod.learn.doctor import COMPARED, Finding, compare_messages, problems
from autod.learn.infer import CannotLearn, Learned, Recording, Template, command_key, infer
from autod.learn.record import REQUESTS
from autod.protocol.releases import ALL, find
from tests.helpers.captures import CAPTURED, capture, release_of, with_name


def learned_from_captures(text: str) -> Learned:
    """What `autod learn` would have learned from that release's whack, as far as it was recorded."""
    templates: dict[str, Template] = {}
    missing = {key: "it was not recorded" for key in COMPARED if key not in CAPTURED}
    for key, command in CAPTURED.items():
        entry = capture(text, command)
        if entry is None:
            missing[key] = "this whack does not know the request"
            continue
        release = release_of(text, entry.message)
        names: list[bytes | None] = (
            [b"zq", b"learn-a-name", b"n" * 99] if "NAME" in REQUESTS[key][0] else [None, None]
        )
        templates[key] = infer([Recording(name, with_name(entry, release, name or b"")) for name in names])
    return Learned(text, False, templates, missing)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("text", ALL)
def test_our_messages_are_those_of_the_whack_of_every_release(text: str) -> None:
    """Every simple operation, but for the defaults that whack fills in without meaning anything by them."""
    entry = capture(text, "initiate")
    assert entry is not None
    release = release_of(text, entry.message)
    found = compare_messages(release, learned_from_captures(text))
    assert problems(found) == []
    assert sum(finding.ok is True for finding in found) >= 22


def test_every_operation_that_is_learned_is_compared() -> None:
    """One table for both."""
    assert set(COMPARED) == set(REQUESTS)
    assert all(command_key(command) == key for key, command in COMPARED.items())


def test_a_member_that_differs_is_named_with_both_values() -> None:
    """Here whack routes where we initiate."""
    learned = learned_from_captures("4.10")
    learned = replace(learned, templates={**learned.templates, "initiate": learned.templates["route"]})
    (wrong,) = problems(compare_messages(find("4.10", labeled=True), learned))
    assert wrong.startswith("initiate: ")
    assert "whack_initiate is 1, and not set in whack's" in wrong
    assert "whack_route is not set, and 1 in whack's" in wrong


def test_a_message_of_another_release_is_wrong() -> None:
    """An update that was not followed by a restart."""
    found = compare_messages(find("5.2"), learned_from_captures("4.10"))
    assert any("not one of Libreswan 5.2" in problem for problem in problems(found))


def test_what_whack_did_not_send_is_a_note() -> None:
    """Only what is wrong counts; an operation that neither has is right."""
    learned = Learned("3.27", False, {}, {"showstates": "this whack does not know the request"})
    found = {f.detail["key"]: f for f in compare_messages(find("3.27", labeled=True), learned)}
    assert found["showstates"].ok is True
    assert found["initiate"].ok is None
    assert problems(found.values()) == []


def test_findings_count_only_where_something_is_wrong() -> None:
    """None is no judgement."""
    findings = [Finding(check="a", ok=ok, text=str(ok)) for ok in (True, False, None)]
    assert problems(findings) == ["False"]


def test_learning_from_one_recording_is_refused() -> None:
    """doctor and learn share the rule."""
    with pytest.raises(CannotLearn):
        infer([Recording(None, b"x")])
