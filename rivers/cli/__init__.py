"""The command line, with one file for each command group. Nothing heavy is imported before a command needs it."""

from __future__ import annotations


def main() -> None:
    """Run the console script ``rivers``."""
    from rivers.cli.standard_streams import ensure_standard_streams

    ensure_standard_streams()
    from rivers.cli.app import app

    app(prog_name="rivers")
