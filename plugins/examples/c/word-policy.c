// Word-policy refuses requests that contain a denied word, and tells the provider who asks.
//
// `plugin.h` is made of the contract by wit-bindgen. Strings that the host hands over are ours to free, and what we hand
// over is freed by the bindings: hence `plugin_string_free` and `plugin_string_dup`.
#include "json.h"
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

// What `init` has read.
static plugin_list_string_t denied;
static plugin_string_t header = {(uint8_t *)"x-checked-by", 12};

static bool is(const plugin_string_t *text, const char *name) {
  return text->len == strlen(name) && !memcmp(text->ptr, name, text->len);
}

static bool read_string(json_cursor *json, plugin_string_t *text) {
  return json_string(json, (char **)&text->ptr, &text->len);
}

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c; }

// A list of strings with something in them; they are kept in small letters.
static bool read_words(json_cursor *json) {
  if (!json_sign(json, '[')) return false;
  do {
    denied.ptr = realloc(denied.ptr, (denied.len + 1) * sizeof *denied.ptr);
    if (!denied.ptr) abort();
    plugin_string_t *word = &denied.ptr[denied.len++];
    if (!read_string(json, word) || !word->len) return false;
    for (size_t i = 0; i < word->len; i++) word->ptr[i] = lower(word->ptr[i]);
  } while (json_sign(json, ','));
  return json_sign(json, ']');
}

static void no_such_setting(const plugin_string_t *name, plugin_string_t *problem) {
  static const char before[] = "settings.", after[] = ": there is no such setting";
  problem->len = sizeof before - 1 + name->len + sizeof after - 1;
  problem->ptr = malloc(problem->len);
  if (!problem->ptr) abort();
  memcpy(problem->ptr, before, sizeof before - 1);
  memcpy(problem->ptr + sizeof before - 1, name->ptr, name->len);
  memcpy(problem->ptr + sizeof before - 1 + name->len, after, sizeof after - 1);
}

// Answers whether the settings may be used, and puts into `problem` why not.
bool exports_weir_plugin_lifecycle_init(plugin_string_t *settings, plugin_string_t *problem) {
  const char *text = (const char *)settings->ptr, *end = text + settings->len;
  json_cursor whole = {text, end}, json = {text, end}, deny = {0}, other = {0};
  if (!json_value(&whole) || whole.at != end || !json_sign(&json, '{')) {
    plugin_string_dup(problem, "settings: must be a JSON object");
    return false;
  }
  // From here on the text is known to be well-formed.
  while (!json_sign(&json, '}')) {
    plugin_string_t name;
    read_string(&json, &name);
    json_sign(&json, ':');
    if (is(&name, "deny")) {
      deny = json;
    } else if (is(&name, "header")) {
      other = json;
    } else {
      no_such_setting(&name, problem);
      return false;
    }
    json_value(&json);
    json_sign(&json, ',');
    plugin_string_free(&name);
  }
  if (!deny.at || !read_words(&deny)) {
    plugin_string_dup(problem, "settings.deny: must be a list of words, at least one, and none of them empty");
    return false;
  }
  if (other.at && (!read_string(&other, &header) || !header.len)) {
    plugin_string_dup(problem, "settings.header: must be the name of a header");
    return false;
  }
  plugin_string_free(settings);
  return true;
}

// `word` is in small letters.
static bool contains(const plugin_string_t *text, const plugin_string_t *word) {
  for (size_t from = 0; from + word->len <= text->len; from++) {
    size_t i = 0;
    while (i < word->len && lower(text->ptr[from + i]) == word->ptr[i]) i++;
    if (i == word->len) return true;
  }
  return false;
}

static bool any_denied(const weir_plugin_request_list_text_t *texts) {
  for (size_t t = 0; t < texts->len; t++)
    for (size_t w = 0; w < denied.len; w++)
      if (contains(&texts->ptr[t].text, &denied.ptr[w])) return true;
  return false;
}

static void count(const char *name) {
  plugin_string_t counter;
  plugin_string_set(&counter, name);
  weir_plugin_counters_add(&counter, 1);
}

// Leaves the policy's mark and the tenant's name on the request.
static bool label(plugin_string_t *problem) {
  plugin_string_t mark, user, tenant, quoted;
  plugin_string_set(&mark, "word-policy");
  if (!weir_plugin_request_set_header(&header, &mark, problem)) return false;
  plugin_string_set(&user, "/user");
  weir_plugin_request_tenant(&tenant);
  quoted.ptr = (uint8_t *)json_quote((char *)tenant.ptr, tenant.len, &quoted.len);
  bool done = weir_plugin_request_set(&user, &quoted, problem);
  plugin_string_free(&quoted);
  plugin_string_free(&tenant);
  return done;
}

// Answers whether the request may pass, and puts into `refusal` why not.
bool exports_weir_plugin_policy_on_request(exports_weir_plugin_policy_facts_t *facts, exports_weir_plugin_policy_refusal_t *refusal) {
  (void)facts;
  count("seen");
  weir_plugin_request_list_text_t texts;
  weir_plugin_request_texts(&texts);
  bool refused = any_denied(&texts);
  weir_plugin_request_list_text_free(&texts);
  if (refused) {
    count("denied");
    refusal->status = 400;
    plugin_string_dup(&refusal->code, "content_filter");
    plugin_string_dup(&refusal->message, "this request contains a word that is not allowed here");
    return false;
  }
  if (!label(&refusal->message)) {
    refusal->status = 500;
    plugin_string_dup(&refusal->code, "policy_failed");
    return false;
  }
  return true;
}
