import sympy as sp

from treesmc.theory import symbols


def test_letters_print_as_themselves():
    letters = {name: x for name, x in vars(symbols).items() if isinstance(x, sp.Symbol)}
    assert letters.pop("eps_positive").name == "eps"
    assert all(x.name == name for name, x in letters.items())


def test_assumptions():
    for x in (symbols.T, symbols.t, symbols.N, symbols.M, symbols.H):
        assert x.is_integer
        assert x.is_positive
    assert symbols.eps.is_nonnegative
    assert symbols.eps.is_positive is None
    assert symbols.delta.is_positive
    assert set(symbols.AT_LEAST_ONE) == {symbols.L, symbols.q, symbols.r, symbols.rho}
