"""The command `landreserve` from its first step on, also as `python -m app`."""

import gc


def main() -> None:
    """Run one command and end the process with its exit code."""
    gc.disable()  # nothing of what is imported is garbage: looking for some takes a quarter of the start
    from app import cli

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
