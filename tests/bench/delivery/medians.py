"""What the rounds of a run come to."""

import statistics
from collections import namedtuple

Spread = namedtuple("Spread", "median low high")


class Medians:
    """`cells`: {cell: {subject: [figures of each round]}}."""

    def __init__(self, cells):
        self.cells = cells

    def get(self, cell, subject, figure):
        """Median, lowest and highest round; None where nobody measured that."""
        values = [round_[figure] for round_ in self.cells.get(cell, {}).get(subject, []) if figure in round_]
        return Spread(statistics.median(values), min(values), max(values)) if values else None

    def subjects(self):
        return list(dict.fromkeys(subject for cell in self.cells.values() for subject in cell))

    def rounds(self):
        return max((len(rounds) for cell in self.cells.values() for rounds in cell.values()), default=0)
