"""The terminal, by rich: for commands that print tables. It costs a tenth of a second to load."""

from rich.console import Console

# What is shown may hold any text: nothing in it is markup.
out = Console(markup=False, highlight=False, emoji=False)
err = Console(markup=False, highlight=False, emoji=False, stderr=True)
