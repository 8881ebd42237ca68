"""Every safeguard that is taken away, in the order of the protocol."""

from __future__ import annotations

from collections.abc import Mapping

from tests.mutation import holding, judging, leaving, settling
from tests.mutation.mutation import Mutation

_ALL = (
    holding.unique,
    holding.together,
    holding.lease,
    holding.live_owner,
    holding.taken_once,
    holding.fence,
    holding.flush,
    leaving.gate_at_all,
    leaving.gate_again,
    leaving.intent_first,
    leaving.deadline,
    leaving.body_deadline,
    leaving.body_cancel,
    leaving.freeze,
    leaving.same_key,
    leaving.few_without_key,
    judging.ambiguity,
    judging.lost_intent,
    judging.never_repeated,
    judging.key_margin,
    judging.same_provider,
    settling.quiet,
    settling.fresh_answer,
    settling.owe_again_bound,
    settling.only_open,
    settling.repeat_tells,
    settling.instance_guard,
    settling.room,
    settling.clock_back,
)
#: By name.
MUTATIONS: Mapping[str, Mutation] = {one.name: one for one in _ALL}
