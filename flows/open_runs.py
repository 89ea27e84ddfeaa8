"""Flow runs whose process is gone but which still count as running."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

_OPEN = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


def close_open_runs() -> None:
    """Mark every open run of a deployment as crashed.

    For the server whose only runner is known to be down: a killed run would otherwise show as
    running for ever, and hold its deployment's only slot.
    """
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=_OPEN))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state)):
            if run.deployment_id:
                message = "What ran this flow was stopped before it ended."
                client.set_flow_run_state(run.id, Crashed(message=message), force=True)
