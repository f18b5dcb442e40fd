"""Who does the work: entries of JSON files (README.md)."""

import json
import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = [os.path.join(HERE, "..", "subject.json"), os.path.join(HERE, "variants.json"),
         os.path.join(HERE, "peers.json")]


def read(files):
    """Entries of later files add to or replace those of earlier ones."""
    subjects = {}
    for name in files:
        with open(name, encoding="utf-8") as file:
            subjects.update(json.load(file))
    return subjects


def commands(subject):
    """Everything it starts."""
    return [subject[role] for role in ("broker", "raiser", "reader", "cli") if role in subject] + list(
        subject.get("programs", {}).values())


def missing(subject):
    """The programs of it that are not here."""
    wanted = [command[0] for command in commands(subject)] + subject.get("needs", [])
    return sorted({name for name in wanted if shutil.which(name) is None})


def filled_in(value, places):
    """The same with {run} and the like replaced."""
    if isinstance(value, list):
        return [filled_in(item, places) for item in value]
    for name, place in places.items():
        value = value.replace("{" + name + "}", str(place))
    return value


def found(command):
    """The same, with the path of its program: nobody's search is to be measured."""
    return [shutil.which(command[0]) or command[0], *command[1:]]
