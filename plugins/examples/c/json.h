// A reader of JSON text that copies nothing: a cursor steps over values and says whether they were well-formed.
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  const char *at, *end;
} json_cursor;

// Steps over `sign` and the white space around it, if it is next.
bool json_sign(json_cursor *json, char sign);

// Steps over a whole value.
bool json_value(json_cursor *json);

// Steps over a string and hands it out, unescaped, in memory of its own. False if there is no string next.
bool json_string(json_cursor *json, char **text, size_t *length);

// Writes `length` bytes of text as a JSON string into memory of its own.
char *json_quote(const char *text, size_t length, size_t *quoted);
