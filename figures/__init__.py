"""Figures: a room, that is a folder, for each, found by its ``points.toml``.

`points.toml`  the points, a sweep file with a quick version, which names the columns of the table;
               ``place`` orders the rooms wherever several are shown, and without it one comes last
`points.py`    ``VOCABULARY``: what ``experiment`` in the file stands for, and what computes a
               point; an ordinary sweep needs none
`figure.py`    ``build(rows)`` draws the table
`fits.py`      laws of growth fitted to the table; ``EXPONENTS`` are rows of ``exponents.csv``
`article.py`   ``numbers(rows)`` and ``tables(rows)``: what the article says of the table

The last two are there if they have something to say. `bench` has a drawing only: its table comes
from ``make bench``.
"""
