"""Delivery beside floors and peers: the same work for everybody who is here, round by round."""

import argparse
import json
import os
import platform
import random
import resource
import signal
import sys
import time

import goals
from cells import CELLS, COMMAND, DELIVERY, does, scaled
from medians import Medians
from noise import Noise
from run import Run
from subjects import FILES, missing, read
from tables import all_tables


def names(text):
    return text.split(",")


def parse():
    parser = argparse.ArgumentParser(prog="delivery.sh", description=__doc__)
    parser.add_argument("--only", type=names, metavar="SUBJECT,...", help="these subjects [all that are here]")
    parser.add_argument("--cells", type=names, metavar="CELL,...", default=list(CELLS),
                        help=f"these cells [{','.join(CELLS)}]")
    parser.add_argument("--rounds", type=int, default=5, help="medians are of so many [5]")
    parser.add_argument("--scale", type=float, default=1, help="the cells' time, times this [1]")
    parser.add_argument("--subjects", action="append", default=[], metavar="FILE", help="more of them, as in README.md")
    parser.add_argument("--alone", action="store_true", help="none but those of --subjects")
    parser.add_argument("--disk", default="build/bench", metavar="FOLDER",
                        help="on the disk that is synced to [build/bench]")
    parser.add_argument("--out", metavar="FILE", help="keep every round's figures there, too")
    parser.add_argument("--tables", metavar="FILE", help="only print the tables of such a file")
    options = parser.parse_args()
    if unknown := set(options.cells) - set(CELLS):
        parser.error(f"no such cells: {', '.join(sorted(unknown))}")
    return options


def measure(name, subject, disk, scale):
    cell = scaled(CELLS[name], scale)
    with Run(subject, disk) as run:
        try:
            if name in DELIVERY:
                return run.deliver(cell)
            return run.command(cell) if name in COMMAND else run.program(name, cell)
        except Exception as error:
            raise RuntimeError(f"{error} {run.said()}") from error


def measure_all(subjects, options, keep):
    """Every subject does a cell before anybody does the next one, in another order each round."""
    result = {"when": time.strftime("%Y-%m-%d %H:%M", time.gmtime()), "where": machine(), "rounds": options.rounds,
              "missing": {}, "failed": [], "noise": [], "cells": {cell: {} for cell in options.cells}}
    for name in list(subjects):
        if lacks := missing(subjects[name]):
            result["missing"][name] = {"programs": lacks, "packages": subjects.pop(name).get("packages", "")}
    for round_ in range(options.rounds):
        noise = Noise()
        for cell in options.cells:
            taking_part = [name for name in subjects if does(cell, subjects[name], CELLS[cell])]
            for name in random.sample(taking_part, len(taking_part)):
                noise.look()
                try:
                    figures = measure(cell, subjects[name], options.disk, options.scale)
                    result["cells"][cell].setdefault(name, []).append(figures)
                except RuntimeError as error:
                    result["failed"].append(f"{name} {cell}: {error}")
                print(f"round {round_ + 1} {cell} {name}", file=sys.stderr)
        if noise.milliseconds:
            result["noise"].append(noise.result())
        keep(result)
    return result


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} x {(models or ['?'])[0]}, Linux {platform.release()}"


def text(result):
    """Everything that a run has to say."""
    medians = Medians(result["cells"])
    parts = [f"{result['when']} UTC, {result['where']}; medians of {result['rounds']} interleaved rounds "
             "(lowest..highest).\n", goals.table(medians), *all_tables(medians)]
    if result["missing"]:
        parts.append("Not here: " + ", ".join(
            name + (f" ({lack['packages']})" if lack["packages"] else f" ({' '.join(lack['programs'])})")
            for name, lack in result["missing"].items()) + ".\n")
    parts += [f"Failed: {failure.strip()}\n" for failure in result["failed"]]
    parts += [f"Round {i}: load {n['load']:.1f}, stolen {n['stolen_percent']:.1f} %, used by others "
              f"{n['others_percent']:.1f} %, a SHA-256 of 4 MB {n['sha256_ms'][1]} ms ({n['sha256_ms'][0]}.."
              f"{n['sha256_ms'][2]})." for i, n in enumerate(result["noise"], 1)]
    return "\n".join(part for part in parts if part)


def main():
    options = parse()
    if options.tables:
        with open(options.tables, encoding="utf-8") as file:
            print(text(json.load(file)))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and end what was started
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))
    subjects = read(([] if options.alone else FILES) + options.subjects)
    if options.only:
        if unknown := set(options.only) - set(subjects):
            sys.exit(f"delivery.sh: no such subjects: {', '.join(sorted(unknown))}")
        subjects = {name: subjects[name] for name in options.only}

    def keep(result):
        if options.out:
            with open(options.out, "w", encoding="utf-8") as file:
                json.dump(result, file, indent=1)

    result = measure_all(subjects, options, keep)
    print(text(result))
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
