from __future__ import annotations

import pytest

from bypost.errors import Refused, Throttled
from bypost.providers.verdicts import Blame, Verdict, settled


def taken(identity: str = "id") -> Verdict:
    return Verdict(provider_id=identity)


def refused(blame: Blame, code: str = "c") -> Verdict:
    return Verdict(code=code, words=f"no {code} for ann@example.org", blame=blame)


@pytest.mark.parametrize(
    ("blame", "retry"),
    [
        (Blame.MESSAGE, False),
        (Blame.UNKNOWN, False),
        (Blame.ALL, True),
        (Blame.LATER, True),
    ],
)
def test_beside_accepted_mails_only_what_is_of_all_is_owed_again(blame: Blame, retry: bool) -> None:
    first, second = settled([taken(), refused(blame)])
    assert first.accepted
    assert (second.accepted, second.retry) == (False, retry)
    assert second.error == "no c for ***"


@pytest.mark.parametrize("others", [Blame.MESSAGE, Blame.LATER, Blame.UNKNOWN])
def test_what_lasts_of_all_refuses_the_request_whatever_else_there_is(others: Blame) -> None:
    with pytest.raises(Refused, match="no all") as caught:
        settled([refused(others, "other"), refused(Blame.ALL, "all")])
    assert caught.value.status is None


def test_what_passes_means_wait() -> None:
    with pytest.raises(Throttled):
        settled([refused(Blame.LATER), refused(Blame.MESSAGE, "other")])


def test_the_same_unknown_error_of_all_is_perhaps_of_the_content() -> None:
    with pytest.raises(Refused) as caught:
        settled([refused(Blame.UNKNOWN)] * 2)
    assert caught.value.status == 400
    (alone,) = settled([refused(Blame.UNKNOWN)])
    assert (alone.accepted, alone.retry) == (False, False)


def test_different_unknown_errors_are_each_mail_s_own() -> None:
    results = settled([refused(Blame.UNKNOWN, code) for code in "ab"])
    assert [(one.accepted, one.retry) for one in results] == [(False, False)] * 2


def test_the_same_fault_of_each_person_fails_each() -> None:
    results = settled([refused(Blame.MESSAGE)] * 2)
    assert [(one.accepted, one.retry) for one in results] == [(False, False)] * 2
