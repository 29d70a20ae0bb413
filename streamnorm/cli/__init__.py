"""The command line. typer and rich are needed only here; without them `main` says how to get them."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run `streamnorm`; exits 0 where all is fine, 1 where a stream failed, 2 for a wrong use, 130 for Ctrl-C."""
    try:
        _run()
    except KeyboardInterrupt:  # typer catches it in the commands; the imports take a moment too
        sys.exit(130)


def _run() -> None:
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError:
        sys.stderr.write(
            'The command line needs two more packages: pip install "streamnorm[cli]"\n'
        )
        sys.exit(2)
    from streamnorm.cli.app import run

    run()
