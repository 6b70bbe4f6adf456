// Templates of CloudFormation and SAM: their intrinsic functions, resolved as far as a file can.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "json/json.h"
#include "main/source.h"

// JSON text with quotes around placeholders that have none; `below` itself when there are none.
// NULL without memory.
const struct source *template_quote_placeholders(struct arena *arena, const struct source *below);

// The part [start, end) of JSON text with intrinsic functions replaced by placeholders. NULL
// without memory.
const struct source *template_resolve(struct arena *arena, const struct source *below,
                                      struct source_span part);

// The text that a value of JSON text gives when it is a string, Fn::Sub or Fn::Join: what is known
// of it, and placeholders. NULL when it is something else (or without memory: the arena tells).
//
//   value    the parsed value that stands at `offset`
const struct source *template_text(struct arena *arena, const struct source *below, size_t offset,
                                   const struct json *value);

// Offset of a member's value, given the offset of its object; SIZE_MAX when absent.
size_t template_member_offset(struct str text, size_t offset, struct str name);
