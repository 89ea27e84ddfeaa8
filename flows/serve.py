"""Everything on this machine: a Prefect server and the scheduled flows, until Ctrl-C."""

import os
import signal
import sys
from typing import Annotated

import typer

from flows.open_runs import close_open_runs
from flows.server import ServerError, prefect_server
from flows.supervise import supervised

# A flow first ends its stages, within their own grace, and then reports its last state.
STOP_GRACE_S = 20.0


def main(
    port: Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")] = 4200,
) -> None:
    """Serve the deployments of prefect.yaml with a Prefect server; Ctrl-C stops everything."""
    # SIGTERM stops like Ctrl-C: the flows first, then the server that keeps their last state.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with prefect_server(port, with_ui=True) as url:
            code = _serve_deployments(url)
    except ServerError as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        typer.echo("stopped; nothing is left running", err=True)
        return
    typer.echo(f"the deployments ended with code {code}", err=True)
    raise typer.Exit(1)


def _serve_deployments(url: str) -> int:
    close_open_runs()  # of an earlier server that was killed
    try:
        # SIGINT, because Prefect's runner answers SIGTERM with tracebacks.
        with supervised(
            [sys.executable, "-m", "flows.deployments"],
            stop_signal=signal.SIGINT,
            grace_s=STOP_GRACE_S,
            env={**os.environ, "PREFECT_API_URL": url},
        ) as deployments:
            typer.echo(_welcome(url))
            return deployments.wait()
    finally:
        close_open_runs()


def _welcome(url: str) -> str:
    return (
        f"Prefect's pages: {url.removesuffix('/api')}\n"
        "From a second shell, in this folder:\n"
        f"  export PREFECT_API_URL={url}\n"
        "  prefect deployment run rebuild/nightly\n"
        "Ctrl-C stops everything."
    )


if __name__ == "__main__":
    typer.run(main)
