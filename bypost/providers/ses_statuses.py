"""What SES's statuses and errors speak of: one mail, all of them, or the moment.

From the description of the API (botocore 1.44.5, service sesv2) and SES's pages on errors and on
sending quotas, read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

ACCEPTED = "SUCCESS"

#: How long to wait after a limit of the account, at most, by SES's page on errors of quotas.
QUOTA_WAIT = timedelta(minutes=10)
_QUOTA = re.compile(r"(?i)\bdaily\b.*\bquota\b|DAILY_QUOTA")


class Blame(Enum):
    """Whom a refusal speaks of."""

    MESSAGE = "this message or its recipient"
    ALL = "the account, or every message alike"
    LATER = "nobody: not now"
    UNKNOWN = "one message, or all where all were told the same"


_VERIFY = "verify the sender's domain there, in this region"
_PAUSED = "sending is paused there: resume it in SES's console"
_SET = "check its configuration_set"
_KEY = "check its access_key_id; a temporary one wants its session_token"
_EXPIRED = "its temporary keys have ended: set new ones, all three, and start again"
_SUSPENDED = "the account may not send: see SES's console, or ask Amazon's support"

#: Status of an entry, in both spellings of the description -> whom it speaks of.
_STATUSES: Mapping[str, Blame] = {
    "MESSAGE_REJECTED": Blame.MESSAGE,
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": Blame.ALL,
    "CONFIGURATION_SET_NOT_FOUND": Blame.ALL,
    "CONFIGURATION_SET_DOES_NOT_EXIST": Blame.ALL,
    "TEMPLATE_NOT_FOUND": Blame.ALL,
    "TEMPLATE_DOES_NOT_EXIST": Blame.ALL,
    "ACCOUNT_SUSPENDED": Blame.ALL,
    "ACCOUNT_THROTTLED": Blame.LATER,
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Blame.LATER,
    "INVALID_SENDING_POOL_NAME": Blame.ALL,
    "ACCOUNT_SENDING_PAUSED": Blame.ALL,
    "CONFIGURATION_SET_SENDING_PAUSED": Blame.ALL,
    "INVALID_PARAMETER": Blame.UNKNOWN,
    "INVALID_PARAMETER_VALUE": Blame.UNKNOWN,
    "TRANSIENT_FAILURE": Blame.LATER,
    "FAILED": Blame.UNKNOWN,
}
#: An account in the sandbox may write to verified addresses only, which is no fault of these.
_NOT_VERIFIED = re.compile(r"(?i)\bnot verified\b")

#: Status of an entry, or error of a request -> what mends it.
_FIXES: Mapping[str, str] = {
    "MESSAGE_REJECTED": "verify the sender there, and have the account moved out of the sandbox",
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": _VERIFY,
    "CONFIGURATION_SET_NOT_FOUND": _SET,
    "CONFIGURATION_SET_DOES_NOT_EXIST": _SET,
    "ACCOUNT_SUSPENDED": _SUSPENDED,
    "INVALID_SENDING_POOL_NAME": _SET,
    "ACCOUNT_SENDING_PAUSED": _PAUSED,
    "CONFIGURATION_SET_SENDING_PAUSED": _PAUSED,
    "MessageRejected": "see its words; verify the sender there, or leave the sandbox",
    "MailFromDomainNotVerifiedException": _VERIFY,
    "AccountSuspendedException": _SUSPENDED,
    "SendingPausedException": _PAUSED,
    "NotFoundException": _SET,
    "UnrecognizedClientException": _KEY,
    "InvalidClientTokenId": _KEY,
    "ExpiredTokenException": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "InvalidSignatureException": "check its secret_access_key, and the clock of this machine",
    "SignatureDoesNotMatch": "check its secret_access_key, and the clock of this machine",
    "AccessDeniedException": "let its user do ses:SendEmail and ses:SendBulkEmail",
}
_LATER = frozenset(
    {
        "TooManyRequestsException",
        "LimitExceededException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
    }
)


def blame(status: str, words: str) -> Blame:
    """Return whom the status of an entry, with SES's ``words``, speaks of.

    Raises:
        KeyError: A status that is not known here: whether the mail was taken cannot be told.
    """
    whose = _STATUSES[status]
    return Blame.ALL if whose is Blame.MESSAGE and _NOT_VERIFIED.search(words) else whose


def is_for_now(error: str) -> bool:
    """Tell whether the error of a request means: come back later."""
    return error in _LATER


def wait(said: str) -> timedelta | None:
    """Return how long to wait where the day's quota is used up; None where it is the rate."""
    return QUOTA_WAIT if _QUOTA.search(said) else None


def fix(name: str) -> str:
    """Return what mends a status or an error; empty where it is not known."""
    return _FIXES.get(name, "")
