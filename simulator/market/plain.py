"""Numbers as TWS writes them."""


def plain(text: str) -> str:
    """A number's text without the trailing zeros of its fraction: "61837.6300" -> "61837.63"."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def digits(number: float) -> str:
    """A number as plain digits: to ten places, without an exponent and trailing zeros."""
    return plain(f"{number:.10f}")
