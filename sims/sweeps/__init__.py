"""Sweeps: many independent points, computed anywhere, kept as one file each, read as one table.

`formula`   numbers written as formulas of the horizon, such as ``0.5*log(T)/T``
`keys`, `axes`  what each key of a file may hold; lists and ranges
`vocabulary`  all keys of a kind of sweep, and what computes its points
`trees`     the vocabulary of ordinary sweeps; experiments bring their own
`plan`      a TOML file as a stream of points
`point`     what an ordinary sweep computes at a point
`shards`    results on disk, one immutable file a point
`worker`    the task that computes some points, wherever it runs
`engines`   threads, processes or a Dask cluster, each as a `concurrent.futures.Executor`
`runner`    hands points to an engine and keeps what comes back
`progress`  how far a run is, on standard error
`folder`    a sweep with its results; runs what is missing
`table`     the results as CSV or Parquet

A point's result depends on its parameters only, and only the process that runs the sweep writes. So
the table is the same, byte for byte, whatever the engine, the order and the interruptions.
"""
