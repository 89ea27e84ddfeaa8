"""Selecting targets of a graph."""

import pytest

from flows.graph import GraphError, Resources, Stage, select


def stage(name: str, *upstream: str) -> Stage:
    return Stage(name, upstream, False, (), (), (), (), Resources())


GRAPH = {
    s.name: s
    for s in (
        stage("world"),
        stage("ingest@a", "world"),
        stage("ingest@b", "world"),
        stage("train", "ingest@a", "ingest@b"),
        stage("evaluate@seg_x-m", "train"),
        stage("evaluate@det_x-m", "train", "ingest@b"),
        stage("other"),
    )
}


def test_all_without_targets() -> None:
    assert list(select(GRAPH, None)) == list(GRAPH)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (["ingest@b"], ["world", "ingest@b"]),
        (["ingest"], ["world", "ingest@a", "ingest@b"]),
        (["evaluate@seg_*"], ["world", "ingest@a", "ingest@b", "train", "evaluate@seg_x-m"]),
        (["other", "world"], ["world", "other"]),
        ([], []),
    ],
)
def test_targets_come_with_their_upstream_in_graph_order(
    targets: list[str], expected: list[str]
) -> None:
    assert list(select(GRAPH, targets)) == expected


def test_an_unknown_target_names_near_ones() -> None:
    with pytest.raises(GraphError, match=r"'ingest@c'; there are: ingest@[ab], ingest@[ab]"):
        select(GRAPH, ["train", "ingest@c"])
