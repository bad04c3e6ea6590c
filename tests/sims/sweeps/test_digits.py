from treesmc.sims.sweeps.digits import ROUND_OFF, digits, rounded


def test_digits_that_are_right():
    row = {
        "tv": 3 * ROUND_OFF / 10,
        "share": 3e-20 / 7,
        "n": 989123456789.0,
        "why": "exact",
        "k": 7,
    }
    assert rounded(row, ["tv"]) == {**row, "tv": 0.0, "share": 4.28571429e-21}
    assert rounded({"tv": -1 / 3}, ["tv"]) == {"tv": -0.333333333}


def test_last_bits_do_not_show():
    assert rounded({"x": 0.1 + 0.2}, []) == {"x": 0.3}
    assert rounded({"x": 0.1 + 1e-9}, []) != {"x": 0.1}


def test_the_decorated_function_goes_by_its_name():
    @digits("tv")
    def compute(point):
        """Compute."""
        return {"tv": point["tv"]}

    assert compute.__name__ == "compute"
    assert compute({"tv": 1e-16}) == {"tv": 0.0}
