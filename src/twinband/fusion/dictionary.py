"""Sparse coding of patches: dictionaries, orthogonal matching pursuit, K-SVD.

Shapes: N signals, D dimensions, A atoms, S atoms chosen.
Source: spec cross-modal-kd, 1.3; Aharon, Elad and Bruckstein, K-SVD, 2006, in the efficient form of
Rubinstein, Zibulevsky and Elad, 2008.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST_USED = 3  # signals; atoms used by fewer are replaced
TINY = 1e-12


def cosine_dictionary(side: int, atoms_a_side: int) -> Tensor:
    """Make an overcomplete dictionary of cosines, ``side**2,atoms_a_side**2`` with unit columns.

    The first atom is constant; from all others the mean is taken (Aharon, Elad and Bruckstein,
    2006).
    """
    at = torch.arange(side, dtype=torch.float32)
    lines = torch.cos(at[:, None] * torch.arange(atoms_a_side)[None] * math.pi / atoms_a_side)
    lines[:, 1:] -= lines[:, 1:].mean(0)
    lines /= lines.norm(dim=0)
    return torch.kron(lines, lines)


def matching_pursuit(signals: Tensor, dictionary: Tensor, most_atoms: int, error: float) -> Tensor:
    """Code all signals at once by orthogonal matching pursuit.

    In every round each signal that is not yet near enough gets the atom that goes best with what
    is left of it. The atoms chosen so far are kept as an orthonormal basis, so that a round costs
    one projection, and coefficients come from a triangular system at the end.

    Args:
        signals: ``N,D``.
        dictionary: ``D,A`` with unit columns.
        most_atoms: that a signal may have, at most D.
        error: norm of what may be left of a signal.

    Returns:
        Coefficients ``N,A``, mostly 0.
    """
    codes = signals.new_zeros(len(signals), dictionary.shape[1])
    rows = (signals.norm(dim=1) > error).nonzero()[:, 0]
    atoms, left = dictionary.T.contiguous(), signals[rows]
    chosen = torch.zeros(len(rows), 0, dtype=torch.long)
    basis = signals.new_zeros(len(rows), 0, signals.shape[1])
    triangle = signals.new_zeros(len(rows), 0, 0)
    parts = signals.new_zeros(len(rows), 0)  # of the signal along the basis
    for _ in range(min(most_atoms, dictionary.shape[0])):
        if not len(rows):
            break
        best = (left @ dictionary).abs().argmax(1)
        along = torch.einsum("nsd,nd->ns", basis, atoms[best])
        rest = atoms[best] - torch.einsum("nsd,ns->nd", basis, along)
        length = rest.norm(dim=1, keepdim=True).clamp(min=TINY)
        direction = rest / length
        part = (left * direction).sum(1, keepdim=True)
        left = left - part * direction
        chosen = torch.cat([chosen, best[:, None]], 1)
        basis = torch.cat([basis, direction[:, None]], 1)
        triangle = F.pad(triangle, (0, 1, 0, 1))
        triangle[:, :-1, -1], triangle[:, -1, -1] = along, length[:, 0]
        parts = torch.cat([parts, part], 1)
        done = left.norm(dim=1) <= error
        if done.any():
            _write(codes, rows[done], chosen[done], triangle[done], parts[done])
            going_on = ~done
            rows, left, chosen = rows[going_on], left[going_on], chosen[going_on]
            basis, triangle, parts = basis[going_on], triangle[going_on], parts[going_on]
    _write(codes, rows, chosen, triangle, parts)
    return codes


def _write(codes: Tensor, rows: Tensor, chosen: Tensor, triangle: Tensor, parts: Tensor) -> None:
    """Solve for the coefficients of some signals, and put them where they belong."""
    if len(rows) and chosen.shape[1]:
        solved = torch.linalg.solve_triangular(triangle, parts[..., None], upper=True)[..., 0]
        codes[rows] = codes.new_zeros(len(rows), codes.shape[1]).scatter(1, chosen, solved)


def improved(signals: Tensor, dictionary: Tensor, codes: Tensor) -> Tensor:
    """Do a round of K-SVD: fit each atom, and its coefficients, to what the others leave.

    An atom that hardly any signal uses becomes the signal that is coded worst.

    Args:
        signals: ``N,D``.
        dictionary: ``D,A`` with unit columns.
        codes: ``N,A`` of the signals by this dictionary.
    """
    atoms, codes = dictionary.clone(), codes.clone()
    residual = signals - codes @ atoms.T
    worst = residual.norm(dim=1).argsort(descending=True).tolist()
    for number in range(atoms.shape[1]):
        used = codes[:, number].nonzero()[:, 0]
        if len(used) < LEAST_USED:
            atoms[:, number] = _unit(signals[worst.pop(0)])
            continue
        weights = codes[used, number]
        without = residual[used] + weights[:, None] * atoms[:, number]
        # one step of the power method, as the efficient implementation has it
        atom = _unit(without.T @ weights)
        codes[used, number] = without @ atom
        atoms[:, number] = atom
        residual[used] = without - codes[used, number, None] * atom
    return atoms


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm().clamp(min=TINY)
