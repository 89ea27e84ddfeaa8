"""Seeds and orders of samples: reproducible, independent of ranks, workers and resume."""

from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader

from twinband.training.seeds import EpochSampler, seed_of


class Numbers(torch.utils.data.Dataset[int]):
    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> int:
        return index


def epoch_of(sampler: EpochSampler, workers: int, epoch: int) -> list[int]:
    sampler.set_epoch(epoch)
    # A fork of this process would take along the threads of servers that other tests started.
    context = "forkserver" if workers else None
    loader = DataLoader(
        Numbers(),
        batch_size=4,
        sampler=sampler,
        num_workers=workers,
        multiprocessing_context=context,
    )
    return [int(number) for batch in loader for number in batch]


@pytest.mark.parametrize("workers", [0, 2])
def test_each_epoch_has_each_sample_once_in_another_order(workers: int) -> None:
    sampler = EpochSampler(23, shuffle=True, seed=5)
    epochs = [epoch_of(sampler, workers, epoch) for epoch in range(2)]
    assert all(sorted(order) == list(range(23)) for order in epochs)
    assert epochs[0] != epochs[1] != list(range(23))
    assert epoch_of(EpochSampler(23, shuffle=True, seed=5), 0, 1) == epochs[1]
    assert epoch_of(EpochSampler(23, shuffle=True, seed=6), 0, 1) != epochs[1]


def test_seeds_and_epochs_do_not_mix() -> None:
    orders = set()
    for seed in range(4):
        for epoch in range(4):
            sampler = EpochSampler(23, shuffle=True, seed=seed)
            sampler.set_epoch(epoch)
            orders.add(tuple(sampler))
    assert len(orders) == 16


def test_ranks_share_an_epoch_equally_and_leave_out_another_rest_each_time() -> None:
    left_out: Counter[int] = Counter()
    for epoch in range(30):
        ranks = [EpochSampler(23, shuffle=True, rank=r, world_size=4) for r in range(4)]
        for sampler in ranks:
            sampler.set_epoch(epoch)
        shares = [list(sampler) for sampler in ranks]
        assert {len(share) for share in shares} == {5} == {len(sampler) for sampler in ranks}
        union = {index for share in shares for index in share}
        assert len(union) == 20
        left_out.update(set(range(23)) - union)
    assert len(left_out) > 15


@pytest.mark.parametrize("length", [0, 1, 7, 9])
def test_evaluation_covers_everything_once_over_ranks(length: int) -> None:
    ranks = [EpochSampler(length, shuffle=False, rank=r, world_size=3) for r in range(3)]
    shares = [list(sampler) for sampler in ranks]
    assert sorted(index for share in shares for index in share) == list(range(length))
    assert [len(sampler) for sampler in ranks] == [len(share) for share in shares]
    assert all(share == sorted(share) for share in shares)


@pytest.mark.parametrize("world_size", [1, 3])
def test_resuming_in_mid_epoch_continues_exactly(world_size: int) -> None:
    def sampler() -> EpochSampler:
        return EpochSampler(23, shuffle=True, seed=9, rank=0, world_size=world_size)

    uninterrupted = sampler()
    uninterrupted.set_epoch(3)
    order = list(uninterrupted)
    resumed = sampler()
    resumed.load_state_dict(uninterrupted.state_dict(consumed=5))
    assert list(resumed) == order[5:] and len(resumed) == len(order) - 5
    resumed.set_epoch(4)
    uninterrupted.set_epoch(4)
    assert list(resumed) == list(uninterrupted) and len(resumed) == len(order)


@pytest.mark.parametrize(
    "other",
    [
        EpochSampler(23, shuffle=True, seed=2),
        EpochSampler(24, shuffle=True, seed=1),
        EpochSampler(23, shuffle=True, seed=1, world_size=2),
    ],
)
def test_a_state_of_another_order_is_refused(other: EpochSampler) -> None:
    state = EpochSampler(23, shuffle=True, seed=1).state_dict(consumed=2)
    with pytest.raises(ValueError, match="the state is of"):
        other.load_state_dict(state)


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_that_is_not_there_is_refused(rank: int) -> None:
    with pytest.raises(ValueError, match="rank"):
        EpochSampler(10, shuffle=True, rank=rank, world_size=2)


def test_seeds_differ_by_every_part_and_stay_the_same() -> None:
    seeds = [seed_of(*parts) for parts in [(0, "a", 1), (0, "a", 2), (1, "a", 1), (0, "a1", 1)]]
    assert len(set(seeds)) == 4 and all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of("order", 7) == 8920304768368948534  # on any machine
