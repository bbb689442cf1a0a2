"""{{name}}: a plugin of the Weir gateway."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import log, request
from wit_world.imports.types import Facts, Refusal


def logged(hook):
    """Has what a hook raises that is no answer of its written to the gateway's log, before the call ends as a fault."""

    def call(*given):
        try:
            return hook(*given)
        except Err:
            raise
        except Exception as why:
            # There are no files here for `traceback` to look into.
            at = why.__traceback__
            while at.tb_next:
                at = at.tb_next
            log.write(log.Level.ERROR, f"{type(why).__name__} in line {at.tb_lineno}: {why}")
            raise

    return call


class Lifecycle(exports.Lifecycle):
    @logged
    def init(self, settings: str) -> None:
        """Called once for each instance, with the plugin's `config` as JSON text, `{}` if there is none.

        Raise `Err("settings.deny: must be a list of words")` to say what is wrong with it.
        """
        json.loads(settings)


class Policy(exports.Policy):
    @logged
    def on_request(self, facts: Facts) -> None:
        """Called for each request. Return to let it pass, raise to refuse it:

        raise Err(Refusal(400, "not_allowed", "for people"))
        """
        # Go on here. Read what you need: request.tenant(), request.header("x-team"), request.pieces(), request.get("/model");
        # and write: request.set_header("x-checked-by", "{{name}}"), request.set("/temperature", "0.2").
        # wit/weir-plugin.wit says what there is, and which other hooks.
