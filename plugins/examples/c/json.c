#include "json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64 };

static void space(json_cursor *json) {
  while (json->at < json->end && memchr(" \t\r\n", *json->at, 4)) json->at++;
}

bool json_sign(json_cursor *json, char sign) {
  space(json);
  if (json->at == json->end || *json->at != sign) return false;
  json->at++;
  space(json);
  return true;
}

// Reads the four digits of a \u escape.
static bool four_digits(json_cursor *json, uint32_t *code) {
  if (json->end - json->at < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    char c = *json->at++;
    uint32_t digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
    if (digit == 16) return false;
    *code = *code << 4 | digit;
  }
  return true;
}

static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = code;
  } else {
    if (code < 0x800) {
      *to++ = 0xc0 | code >> 6;
    } else {
      if (code < 0x10000) {
        *to++ = 0xe0 | code >> 12;
      } else {
        *to++ = 0xf0 | code >> 18;
        *to++ = 0x80 | (code >> 12 & 0x3f);
      }
      *to++ = 0x80 | (code >> 6 & 0x3f);
    }
    *to++ = 0x80 | (code & 0x3f);
  }
  return to;
}

// Reads what follows a backslash.
static char *escape(json_cursor *json, char *to) {
  static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  char c = json->at < json->end ? *json->at++ : 'x';
  uint32_t code, low;
  if (c == 'u') {
    if (!four_digits(json, &code) || (code >= 0xdc00 && code < 0xe000)) return NULL;
    if (code < 0xd800 || code >= 0xe000) return put_utf8(to, code);
    if (json->end - json->at < 6 || *json->at++ != '\\' || *json->at++ != 'u') return NULL;
    if (!four_digits(json, &low) || low < 0xdc00 || low >= 0xe000) return NULL;
    return put_utf8(to, 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00)));
  }
  const char *name = memchr(names, c, sizeof names - 1);
  if (!name) return NULL;
  *to++ = meant[name - names];
  return to;
}

bool json_string(json_cursor *json, char **text, size_t *length) {
  space(json);
  if (json->at == json->end || *json->at != '"') return false;
  json->at++;
  char *made = malloc(json->end - json->at + 1), *to = made; // unescaped it is not longer
  if (!made) abort();
  while (to && json->at < json->end && *json->at != '"') {
    char c = *json->at++;
    if (c == '\\') {
      to = escape(json, to);
    } else if ((unsigned char)c < 0x20) {
      to = NULL;
    } else {
      *to++ = c;
    }
  }
  if (!to || json->at == json->end) {
    free(made);
    return false;
  }
  json->at++;
  space(json);
  *text = made;
  *length = to - made;
  return true;
}

static bool literal(json_cursor *json, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length)) return false;
  json->at += length;
  return true;
}

static bool digits(json_cursor *json) {
  const char *start = json->at;
  while (json->at < json->end && *json->at >= '0' && *json->at <= '9') json->at++;
  return json->at > start;
}

static bool number(json_cursor *json) {
  literal(json, "-");
  if (!literal(json, "0") && !digits(json)) return false;
  if (literal(json, ".") && !digits(json)) return false;
  if (!literal(json, "e") && !literal(json, "E")) return true;
  if (!literal(json, "-")) literal(json, "+");
  return digits(json);
}

static bool skip_string(json_cursor *json) {
  char *text;
  size_t length;
  if (!json_string(json, &text, &length)) return false;
  free(text);
  return true;
}

static bool value(json_cursor *json, int depth) {
  if (depth == DEEPEST) return false;
  bool object = json_sign(json, '{');
  if (object || json_sign(json, '[')) {
    char end = object ? '}' : ']';
    if (json_sign(json, end)) return true;
    do {
      if (object && (!skip_string(json) || !json_sign(json, ':'))) return false;
      if (!value(json, depth + 1)) return false;
    } while (json_sign(json, ','));
    return json_sign(json, end);
  }
  space(json);
  if (json->at < json->end && *json->at == '"') return skip_string(json);
  bool good = literal(json, "true") || literal(json, "false") || literal(json, "null") || number(json);
  space(json);
  return good;
}

bool json_value(json_cursor *json) { return value(json, 0); }

char *json_quote(const char *text, size_t length, size_t *quoted) {
  static const char hex[] = "0123456789abcdef";
  char *made = malloc(length * 6 + 2), *to = made;
  if (!made) abort();
  *to++ = '"';
  for (size_t i = 0; i < length; i++) {
    unsigned char c = text[i];
    if (c == '"' || c == '\\') *to++ = '\\';
    if (c < 0x20) {
      memcpy(to, "\\u00", 4);
      to[4] = hex[c >> 4];
      c = hex[c & 15];
      to += 5;
    }
    *to++ = c;
  }
  *to++ = '"';
  *quoted = to - made;
  return made;
}
