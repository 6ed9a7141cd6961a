"""``python -m rivers.cli``: the same as the console script."""

from rivers.cli import main

main()
