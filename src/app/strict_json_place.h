/* Where in a JSON text something stands. */
#ifndef AUTOPROV_STRICT_JSON_PLACE_H
#define AUTOPROV_STRICT_JSON_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "strict_json.h"

/* Deepest way that tables describe: no file of ours has more than four. */
#define STRICT_JSON_DEPTH_MAX 8

/* Follow way, the places among members or items from the root on, through a text that jansson has
 * accepted. at_name: the last step's name, not its value. */
struct strict_json_place strict_json_find(const char *text, size_t len, const size_t *way,
                                          size_t depth, bool at_name);

/* The last string that begins before the byte at position. text: JSON as far as position. */
struct strict_json_place strict_json_string_before(const char *text, size_t len, size_t position);

#endif
