"""Refuses requests with words from a list, and marks the others with who asks."""

import json
import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import counters, request
from wit_world.imports.types import Facts, Refusal

denied = re.compile("(?!)")  # nothing, until the settings are there
header = "x-checked-by"


class Lifecycle(exports.Lifecycle):
    def init(self, settings: str) -> None:
        """Takes the settings. What is raised here keeps this version of the plugin out of service."""
        global denied, header
        try:
            table = json.loads(settings)
        except ValueError as error:
            raise Err(f"settings: {error}")
        if not isinstance(table, dict):
            raise Err("settings: must be an object")

        for name in table.keys() - {"deny", "header"}:
            raise Err(f"settings.{name}: there is no such setting")
        words = table.get("deny")
        if not (isinstance(words, list) and words and all(map(is_word, words))):
            raise Err("settings.deny: must be a list of words")
        header = table.get("header", header)
        if not is_word(header):
            raise Err("settings.header: must be the name of a header")
        denied = re.compile("|".join(map(re.escape, words)), re.IGNORECASE | re.ASCII)


class Policy(exports.Policy):
    def on_request(self, facts: Facts) -> None:
        """Lets a request pass by returning, and refuses it by raising a refusal."""
        counters.add("seen", 1)
        if any(denied.search(piece.text) for piece in request.texts()):
            counters.add("denied", 1)
            raise Err(Refusal(400, "content_filter", "this request contains a word that is not allowed here"))
        try:
            request.set_header(header, "word-policy")
            request.set("/user", json.dumps(request.tenant()))
        except Err as error:
            raise Err(Refusal(500, "policy_failed", error.value))


def is_word(value: object) -> bool:
    return isinstance(value, str) and value != ""
