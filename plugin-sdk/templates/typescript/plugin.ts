import * as request from "weir:plugin/request@0.1.0";
import type { Lifecycle, Policy } from "weir:plugin";

export const lifecycle: Lifecycle = {
  // Called once for each instance. `settings` is the plugin's `config` as JSON text, `{}` if there is none.
  // Throw a string to say what is wrong with it: `settings.deny: must be a list of words`.
  init(settings) {
    JSON.parse(settings);
  },
};

export const policy: Policy = {
  // Called for each request. Return to let it pass, throw to refuse it:
  // throw { status: 400, code: "not_allowed", message: "for people" } satisfies Refusal;
  onRequest(facts) {
    // Go on here. Read what you need: request.tenant(), request.header("x-team"), request.pieces(), request.get("/model");
    // and write: request.setHeader("x-checked-by", "{{name}}"), request.set("/temperature", "0.2").
    // wit/weir-plugin.wit says what there is, and which other hooks.
  },
};
