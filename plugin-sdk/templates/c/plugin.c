// The plugin {{name}}.
//
// `plugin.h` is made of the contract by wit-bindgen; see target/bindings after the first build. Strings that the host hands
// over are yours to free (`plugin_string_free`), and what you hand over is freed by the bindings (`plugin_string_dup`).
#include "plugin.h"

// Gets the settings, a JSON object, once for each instance. False keeps the plugin out of service: put why into `problem`
// and begin with the place, such as "settings.deny: must be a list of words".
bool exports_weir_plugin_lifecycle_init(plugin_string_t *settings, plugin_string_t *problem) {
  (void)problem;
  plugin_string_free(settings);
  return true;
}

// Decides about a request: true lets it pass.
bool exports_weir_plugin_policy_on_request(exports_weir_plugin_policy_facts_t *facts, exports_weir_plugin_policy_refusal_t *refusal) {
  (void)facts;
  (void)refusal;
  // Go on here: weir_plugin_request_pieces gets the request's pieces of text, weir_plugin_request_header one of its headers,
  // weir_plugin_request_set_header and weir_plugin_request_set change it. To refuse:
  //
  //     refusal->status = 400;
  //     plugin_string_dup(&refusal->code, "not_allowed");
  //     plugin_string_dup(&refusal->message, "why not");
  //     return false;
  return true;
}
