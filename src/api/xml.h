// XML as the query protocol answers: elements with text, written straight into a buffer.
//
// Characters that XML cannot carry (most control characters) become U+FFFD. Failures are the
// buffer's.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"

// Text of an element, escaped.
void xml_text(struct buffer *buffer, struct str text);

void xml_open(struct buffer *buffer, const char *name);
void xml_close(struct buffer *buffer, const char *name);

// <name>text</name> and the like.
void xml_element(struct buffer *buffer, const char *name, struct str text);
void xml_element_integer(struct buffer *buffer, const char *name, int64_t value);
void xml_element_bool(struct buffer *buffer, const char *name, bool value);

// "2024-05-06T07:08:09Z": without milliseconds.
void xml_element_time(struct buffer *buffer, const char *name, int64_t unix_ms);
