"""Files of ticks: a market's rows as a person has them, read alike wherever they are read."""
