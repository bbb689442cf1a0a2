"""{{name}}: a plugin of the Weir gateway."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import request
from wit_world.imports.types import Facts, Refusal


class Lifecycle(exports.Lifecycle):
    def init(self, settings: str) -> None:
        """Called once for each instance, with the plugin's `config` as JSON text, `{}` if there is none.

        Raise `Err("settings.deny: must be a list of words")` to say what is wrong with it.
        """
        json.loads(settings)


class Policy(exports.Policy):
    def on_request(self, facts: Facts) -> None:
        """Called for each request. Return to let it pass, raise to refuse it:

        raise Err(Refusal(400, "not_allowed", "for people"))
        """
        # Go on here. Read what you need: request.tenant(), request.header("x-team"), request.pieces(), request.get("/model");
        # and write: request.set_header("x-checked-by", "{{name}}"), request.set("/temperature", "0.2").
        # wit/weir-plugin.wit says what there is, and which other hooks.
