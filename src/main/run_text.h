// Putting data of others into lines for people.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"
#include "json/json.h"

// At most `size_max` bytes of `text`, and never half a character.
struct str run_text_shorten(struct str text, size_t size_max);

// Append text without its control characters, which could do things on a terminal. A line break
// becomes `line_break`.
void run_text_append(struct buffer *line, struct str text, const char *line_break);

// The same for a part of a text whose full size is `full_size`: "{\"a\":[1,2… (512 bytes)".
void run_text_append_part(struct buffer *line, struct str text, size_t full_size, size_t size_max);

// The same for a value.
void run_text_append_value(struct buffer *line, const struct json *value, size_t size_max);

// "40 ms", "2.5 s", "3 min", "30 d 2 h": two units at most.
void run_text_append_duration(struct buffer *line, int64_t ms);
