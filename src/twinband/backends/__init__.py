"""Where a transform can come from: each public module here is a backend, named in params.yaml.

A backend module has ``open_backend(options) -> Backend``; the stage ``register`` imports the one
that ``register.datasets.D.backend`` names, so another one (a learned matcher, say) is one more
file here and re-runs only the datasets that name it.
"""
