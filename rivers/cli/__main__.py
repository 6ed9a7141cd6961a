"""``python -m rivers.cli``: the same as the console script ``rivers``."""

from rivers.cli import main

main()
