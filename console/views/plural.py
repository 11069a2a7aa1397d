"""Numbers with their nouns, as a sentence has them."""


def counted(number: int, noun: str) -> str:
    """`1 order`, `2,000 orders`, `no orders`."""
    how_many = f"{number:,}" if number else "no"
    return f"{how_many} {noun}{'' if number == 1 else 's'}"
