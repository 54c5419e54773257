"""The grammar of .vif files, as data: `verif.lark` is read with `importlib.resources`."""
