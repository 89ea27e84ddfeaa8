"""Sparse coding: the pursuit against scikit-learn's, and K-SVD."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import orthogonal_mp_gram

from twinband.fusion.dictionary import cosine_dictionary, improved, matching_pursuit


def drawn(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 64, generator=torch.Generator().manual_seed(seed))


def test_the_cosines_have_unit_length_and_one_mean() -> None:
    atoms = cosine_dictionary(8, 16)
    assert atoms.shape == (64, 256)
    torch.testing.assert_close(atoms.norm(dim=0), torch.ones(256))
    constant = atoms.mean(0).abs() > 1e-6
    assert constant[0] and constant.sum() == 1


@pytest.mark.parametrize("atoms", [1, 4, 9])
def test_the_pursuit_is_scikit_learns(atoms: int) -> None:
    dictionary = cosine_dictionary(8, 16).double()
    signals = drawn(20).double()
    ours = matching_pursuit(signals, dictionary, atoms, 0.0)
    gram, projected = dictionary.T @ dictionary, dictionary.T @ signals.T
    theirs = orthogonal_mp_gram(gram.numpy(), projected.numpy(), n_nonzero_coefs=atoms)
    np.testing.assert_allclose(ours.numpy(), theirs.T, atol=1e-8)


def test_the_error_is_kept_and_easy_signals_take_few_atoms() -> None:
    dictionary = cosine_dictionary(8, 16)
    easy = 3 * dictionary[:, [5, 40]].T
    signals = torch.cat([easy, drawn(10), torch.zeros(1, 64)])
    codes = matching_pursuit(signals, dictionary, 64, 0.5)
    left = (signals - codes @ dictionary.T).norm(dim=1)
    assert (left <= 0.5).all()
    assert (codes != 0).sum(1)[:2].tolist() == [1, 1] and not codes[-1].any()


def test_a_round_of_k_svd_leaves_less() -> None:
    hidden = torch.nn.functional.normalize(drawn(40, seed=1), dim=1)
    generator = torch.Generator().manual_seed(2)
    weights = torch.randn(400, 3, generator=generator)
    places = torch.stack([torch.randperm(40, generator=generator)[:3] for _ in range(400)])
    signals = torch.zeros(400, 40).scatter(1, places, weights) @ hidden
    dictionary = torch.nn.functional.normalize(drawn(48, seed=3), dim=1).T
    errors = []
    for _ in range(6):
        codes = matching_pursuit(signals, dictionary, 3, 1e-6)
        errors.append(float((signals - codes @ dictionary.T).norm()))
        dictionary = improved(signals, dictionary, codes)
    torch.testing.assert_close(dictionary.norm(dim=0), torch.ones(48))
    assert errors[-1] < 0.5 * errors[0]
