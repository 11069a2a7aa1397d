"""The future that groups at ProjectX trade, as a configuration has it."""

from typing import Final

MNQZ6: Final = """
[[instruments]]
symbol = "MNQZ6"
sec_type = "FUT"
exchange = "CME"
multiplier = "2"
min_tick = "0.25"
"""
