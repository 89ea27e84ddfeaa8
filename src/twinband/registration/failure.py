"""What happens to pairs without a transform to trust."""

from collections.abc import Hashable, Mapping
from dataclasses import replace

from twinband.params.register import FailurePolicy
from twinband.registration.trust import Decision


def lend(decisions: Mapping[str, Decision], groups: Mapping[str, Hashable]) -> dict[str, str]:
    """For each failed pair the accepted pair of its sequence with the highest score, if any.

    Args:
        decisions: by key.
        groups: by key what pairs must have in common to lend: sequence and sizes of images;
            all pairs of one sequence are among ``decisions``.
    """
    best: dict[Hashable, str] = {}
    for key, decision in sorted(decisions.items()):
        group, score = groups[key], decision.registration.score
        if decision.registration.status != "accepted":
            continue
        if group not in best or score > decisions[best[group]].registration.score:
            best[group] = key
    failed = (k for k, decision in decisions.items() if decision.registration.status == "failed")
    return {key: best[groups[key]] for key in failed if groups[key] in best}


def handled(
    decision: Decision, policy: FailurePolicy, lender: Decision | None = None
) -> tuple[Decision, str]:
    """What becomes of a pair, and the policy that was applied, empty if it had not failed.

    A pair that may use its sequence's transform and finds none is kept as it is.

    Args:
        lender: of the pair whose transform it may use.
    """
    if decision.registration.status != "failed":
        return decision, ""
    if policy != "use_rig":
        return decision, policy
    if lender is None:
        return decision, "keep_identity"
    registration = replace(decision.registration, matrix=lender.registration.matrix)
    return Decision(registration, decision.source), "use_rig"
