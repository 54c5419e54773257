"""`python -m verif_dsl`, and the target of the `vif` script."""

import sys

from verif_dsl.cli import main

if __name__ == "__main__":
    sys.exit(main())
