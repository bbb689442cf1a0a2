import * as log from "weir:plugin/log@0.1.0";
import * as request from "weir:plugin/request@0.1.0";

export const lifecycle = logged({
  // Called once for each instance. `settings` is the plugin's `config` as JSON text, `{}` if there is none.
  // Throw a string to say what is wrong with it: `settings.deny: must be a list of words`.
  init(settings) {
    JSON.parse(settings);
  },
});

export const policy = logged({
  // Called for each request; `facts` are { streaming, bodyBytes }. Return to let it pass, throw to refuse it:
  // throw { status: 400, code: "not_allowed", message: "for people" };
  onRequest(facts) {
    // Go on here. Read what you need: request.tenant(), request.header("x-team"), request.pieces(), request.get("/model");
    // and write: request.setHeader("x-checked-by", "{{name}}"), request.set("/temperature", "0.2").
    // wit/weir-plugin.wit says what there is, and which other hooks.
  },
});

// What a hook throws that is no answer of its, such as an Error, is a line in the gateway's log before the call ends as a fault.
function logged(hooks) {
  const wrap = (hook) => (...given) => {
    try {
      return hook(...given);
    } catch (thrown) {
      if (thrown instanceof Error) {
        log.write("error", `${thrown}\n${thrown.stack}`);
      }
      throw thrown;
    }
  };
  return Object.fromEntries(Object.entries(hooks).map(([name, hook]) => [name, wrap(hook)]));
}
