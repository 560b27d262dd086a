"""Results: rows of measured samples, as a CSV file and as figures.

One row is one metric of one benchmark in one runtime with all of its samples, so that whoever reads the file can compute any figure of
it. Units: "ms", "ns" and "us" are times, "MB" is memory, "ratio" is a quotient of measurements; "bytes", "count" and "hash" say exactly
what was done and have no spread.
"""
import csv
import math
import statistics

FIELDS = ["benchmark", "runtime", "metric", "unit", "samples"]
TIMES = {"ms", "us", "ns"}


class Row:
    def __init__(self, benchmark, runtime, metric, unit, samples):
        self.benchmark, self.runtime, self.metric, self.unit = benchmark, runtime, metric, unit
        self.samples = list(samples)

    @property
    def key(self):
        return self.benchmark, self.runtime, self.metric

    @property
    def is_number(self):
        return self.unit != "hash"

    @property
    def median(self):
        return statistics.median(self.samples)

    def middle(self):
        """The lower and the upper quartile: half of the samples lie between them."""
        ordered = sorted(self.samples)
        last = len(ordered) - 1
        return ordered[math.floor(last * 0.25)], ordered[math.ceil(last * 0.75)]


class Results:
    """Rows by benchmark, runtime and metric; samples of the same three add up."""

    def __init__(self):
        self.rows = {}

    def add(self, benchmark, runtime, metric, unit, samples):
        row = self.rows.setdefault((benchmark, runtime, metric), Row(benchmark, runtime, metric, unit, []))
        row.samples.extend(samples)

    def get(self, benchmark, runtime, metric):
        return self.rows.get((benchmark, runtime, metric))

    def median(self, benchmark, runtime, metric):
        row = self.get(benchmark, runtime, metric)
        return row.median if row and row.samples else None

    def write(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            for row in self.rows.values():
                writer.writerow([row.benchmark, row.runtime, row.metric, row.unit, " ".join(map(as_text, row.samples))])

    @staticmethod
    def read(path):
        results = Results()
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != FIELDS:
                raise ValueError(f"{path} is no file of this bench: its first line is not {','.join(FIELDS)}")
            for line in reader:
                samples = line["samples"].split()
                if line["unit"] != "hash":
                    samples = [float(sample) for sample in samples]
                results.add(line["benchmark"], line["runtime"], line["metric"], line["unit"], samples)
        return results


def as_text(sample):
    if isinstance(sample, float):
        return f"{sample:.9g}"
    return str(sample)


def geometric_mean(numbers):
    numbers = list(numbers)
    return math.exp(sum(map(math.log, numbers)) / len(numbers)) if numbers else None
