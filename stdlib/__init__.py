"""The standard library of constraints, as .vif files read with `importlib.resources`."""
