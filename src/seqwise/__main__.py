"""The command `seqwise`, and `python -m seqwise`."""

import signal


def main() -> None:
    """Run the command line; until it takes over Ctrl-C, while libraries are loaded, that ends the process silently."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from seqwise.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
