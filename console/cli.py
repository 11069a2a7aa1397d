"""The entry point of `tapewire`: first the emergency brake, then the command line."""

import sys
from typing import Final, NoReturn

from tapewire.common.errors import ConfigError, TapewireError
from tapewire.console import brake

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as a shell has it."""


def main() -> NoReturn:
    """Run the command line; an error is one sentence and an exit status."""
    arguments = sys.argv[1:] or ["--help"]
    try:
        status = brake.pulled(arguments)
        sys.exit(_command(arguments) if status is None else status)
    except KeyboardInterrupt:  # while a command's modules are loaded; from then on it is typer's
        sys.exit(INTERRUPTED)
    except (ConfigError, TapewireError, ValueError, OSError) as error:
        from tapewire.console.views.terminal import err

        err.print(f"tapewire: {_said(error)}", style="red", soft_wrap=True)
        sys.exit(getattr(error, "exit_status", 1))


def _said(error: Exception) -> str:
    """An error as a person reads it; of the system's, which file, and what is wrong with it."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename!s:.200}: {error.strerror}"
    return str(error)


def _command(arguments: list[str]) -> int:
    from tapewire.console import application

    return application.run(arguments)


if __name__ == "__main__":
    main()
