"""The deployments of prefect.yaml, served to the Prefect server that PREFECT_API_URL names."""

from pathlib import Path
from typing import Any

import prefect
import yaml
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from pydantic import BaseModel, ConfigDict

DEPLOYMENTS_FILE = Path(__file__).parents[1] / "prefect.yaml"


class _Deployment(BaseModel):
    """An entry of prefect.yaml's ``deployments``; what is served ignores its work pool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    entrypoint: str
    description: str
    schedules: list[CronSchedule]
    parameters: dict[str, Any] = {}
    tags: list[str] = []
    concurrency_limit: int | None = None
    work_pool: dict[str, Any] = {}


def read_deployments(path: Path = DEPLOYMENTS_FILE) -> list[RunnerDeployment]:
    """The deployments that prefect.yaml describes.

    Raises:
        pydantic.ValidationError: an entry has a key or a value that is not understood here.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["deployments"]
    return [
        RunnerDeployment.from_entrypoint(
            schedules=list(entry.schedules),
            **entry.model_dump(exclude={"schedules", "work_pool"}),
        )
        for entry in (_Deployment.model_validate(entry) for entry in entries)
    ]


if __name__ == "__main__":
    # One run at a time: all of them work on the same files.
    prefect.serve(*read_deployments(), limit=1)
