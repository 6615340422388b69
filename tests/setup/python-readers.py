"""Reads pairs of settings files as pip and every TOML reader do: what else than one setting has changed?"""

import configparser
import json
import sys
import tomllib


def read_pip(text):
    parser = configparser.RawConfigParser()
    parser.optionxform = lambda key: key.lower().replace("_", "-")
    parser.read_string(text.replace("\r\n", "\n"))
    return {section: dict(parser.items(section)) for section in parser.sections()}


def read_toml(text):
    return tomllib.loads(text.replace("\r\n", "\n"))


readers = {"pip": (read_pip, "global", "index-url"), "toml": (read_toml, "a", "b")}
sound = {"pip": 0, "toml": 0}
wrong = []
for case in json.load(sys.stdin):
    read, table, key = readers[case["kind"]]
    try:
        wanted = read(case["before"])
    except (configparser.Error, tomllib.TOMLDecodeError):
        continue
    sound[case["kind"]] += 1
    wanted.setdefault(table, {})[key] = case["value"]
    try:
        found = read(case["after"])
    except (configparser.Error, tomllib.TOMLDecodeError) as error:
        found = str(error)
    if found != wanted:
        wrong.append({**case, "found": repr(found)})
json.dump({"sound": sound, "wrong": wrong[:5]}, sys.stdout)
