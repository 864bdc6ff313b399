"""The verdict that follows from Prove's answer, and from the type of line."""

import pytest

from onboarding.domain.policy import LINE_VERDICTS, Success, Verdict, judge, judge_line


@pytest.mark.parametrize(
    ("success", "verdict"),
    [
        (Success.TRUE, Verdict.GO_ON),
        (Success.POSSESSION_REQUIRED, Verdict.ASK_POSSESSION),
        (Success.PENDING, Verdict.WAIT),
        (Success.FALSE, Verdict.DECLINE),
    ],
)
def test_each_value_of_success_has_its_verdict(success: Success, verdict: Verdict) -> None:
    assert judge(success, {}, rebind=False).verdict is verdict


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        (["9101"], Verdict.OFFER_REBIND),
        (["9100"], Verdict.DECLINE),
        (["9135"], Verdict.REVIEW),
        (["9101", "9132"], Verdict.DECLINE),
        (["9101", "9135"], Verdict.REVIEW),
        (["9101", "4711"], Verdict.REVIEW),
        (["4711"], Verdict.REVIEW),
    ],
)
def test_the_strictest_reason_decides_and_an_unknown_one_needs_a_review(codes: list[str], verdict: Verdict) -> None:
    judgement = judge(Success.FALSE, dict.fromkeys(codes, "as Prove put it"), rebind=False)
    assert judgement.verdict is verdict
    assert dict(judgement.reasons) == dict.fromkeys(codes, "as Prove put it")


def test_9101_in_a_rebind_needs_a_review() -> None:
    assert judge(Success.FALSE, {"9101": "text"}, rebind=True).verdict is Verdict.REVIEW


@pytest.mark.parametrize("success", [Success.TRUE, Success.POSSESSION_REQUIRED])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [("9135", Verdict.REVIEW), ("4711", Verdict.REVIEW), ("9132", Verdict.DECLINE), ("9101", Verdict.OFFER_REBIND)],
)
def test_a_reason_counts_even_if_success_is_not_false(success: Success, code: str, verdict: Verdict) -> None:
    assert judge(success, {code: "text"}, rebind=False).verdict is verdict


def test_a_reviewer_clears_what_needs_a_review_and_an_earlier_decline_but_no_other_decline() -> None:
    for code in ("9135", "4711", "held", "declined_before"):
        judgement = judge(Success.POSSESSION_REQUIRED, {code: "text"}, rebind=False, cleared={code})
        assert judgement.verdict is Verdict.ASK_POSSESSION
    for code in ("9132", "not_allowed"):
        judgement = judge(Success.POSSESSION_REQUIRED, {code: "text"}, rebind=False, cleared={code})
        assert judgement.verdict is Verdict.DECLINE


def test_reasons_that_only_say_that_a_code_is_needed_do_not_prevent_the_code() -> None:
    assert judge(Success.POSSESSION_REQUIRED, {"9100": "text"}, rebind=False).verdict is Verdict.ASK_POSSESSION
    assert judge(Success.POSSESSION_REQUIRED, {"9101": "text"}, rebind=True).verdict is Verdict.ASK_POSSESSION
    assert judge(Success.FALSE, {"9100": "text"}, rebind=False).verdict is Verdict.DECLINE


def test_no_reason_makes_an_answer_milder_than_its_success() -> None:
    for success in Success:
        plain = judge(success, {}, rebind=False).verdict
        for code in ("9100", "9101", "9134", "9135", "4711"):
            with_reason = judge(success, {code: "text"}, rebind=False).verdict
            assert with_reason not in (Verdict.GO_ON, Verdict.ASK_POSSESSION) or with_reason is plain


def test_every_listed_type_of_line_gets_a_code_or_is_declined_and_an_unlisted_one_needs_a_review() -> None:
    assert {judge_line(line, {}).verdict for line in LINE_VERDICTS} == {Verdict.ASK_POSSESSION, Verdict.DECLINE}
    assert judge_line("satellite", {"9100": "text"}).reasons == {"9100": "text", "line_type": "satellite"}
    assert judge_line("satellite", {}).verdict is Verdict.REVIEW
    assert judge_line("", {}).verdict is judge_line("unknown", {}).verdict is Verdict.ASK_POSSESSION
