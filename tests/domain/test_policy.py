"""What Prove's answer means for the person."""

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
def test_success_alone_leads_on_only_when_it_is_true(success: Success, verdict: Verdict) -> None:
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
def test_the_strictest_reason_decides_and_an_unknown_one_goes_to_a_person(codes: list[str], verdict: Verdict) -> None:
    judgement = judge(Success.FALSE, dict.fromkeys(codes, "as Prove put it"), rebind=False)
    assert judgement.verdict is verdict
    assert dict(judgement.reasons) == dict.fromkeys(codes, "as Prove put it")


def test_9101_is_no_offer_in_a_flow_that_already_is_a_rebind() -> None:
    assert judge(Success.FALSE, {"9101": "text"}, rebind=True).verdict is Verdict.REVIEW


@pytest.mark.parametrize("success", [Success.TRUE, Success.POSSESSION_REQUIRED])
@pytest.mark.parametrize(
    ("code", "verdict"),
    [("9135", Verdict.REVIEW), ("4711", Verdict.REVIEW), ("9132", Verdict.DECLINE), ("9101", Verdict.OFFER_REBIND)],
)
def test_a_reason_weighs_next_to_a_success_that_is_not_false(success: Success, code: str, verdict: Verdict) -> None:
    assert judge(success, {code: "text"}, rebind=False).verdict is verdict


def test_reasons_that_only_say_that_a_code_is_due_do_not_stand_in_its_way() -> None:
    assert judge(Success.POSSESSION_REQUIRED, {"9100": "text"}, rebind=False).verdict is Verdict.ASK_POSSESSION
    assert judge(Success.POSSESSION_REQUIRED, {"9101": "text"}, rebind=True).verdict is Verdict.ASK_POSSESSION
    assert judge(Success.FALSE, {"9100": "text"}, rebind=False).verdict is Verdict.DECLINE


def test_no_reason_makes_an_answer_milder_than_its_success() -> None:
    for success in Success:
        plain = judge(success, {}, rebind=False).verdict
        for code in ("9100", "9101", "9134", "9135", "4711"):
            weighed = judge(success, {code: "text"}, rebind=False).verdict
            assert weighed not in (Verdict.GO_ON, Verdict.ASK_POSSESSION) or weighed is plain


def test_every_line_is_let_through_or_declined_and_an_unheard_of_one_goes_to_a_person() -> None:
    assert {judge_line(line, {}).verdict for line in LINE_VERDICTS} == {Verdict.ASK_POSSESSION, Verdict.DECLINE}
    assert judge_line("satellite", {"9100": "text"}).reasons == {"9100": "text", "line_type": "satellite"}
    assert judge_line("satellite", {}).verdict is Verdict.REVIEW
    assert judge_line("", {}).verdict is judge_line("unknown", {}).verdict is Verdict.ASK_POSSESSION
