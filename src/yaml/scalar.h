// Scalars: what a plain one is in JSON, and where the characters of one stand. Private.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/str.h"
#include "yaml/yaml.h"

// Append the JSON of a plain scalar when it is null, a boolean or a number by the core schema;
// otherwise append nothing and return false: it is a string.
bool yaml_scalar_render_plain(struct buffer *json, struct str text);

// Where in the YAML byte `index` of the text of a scalar stands; `mark` is the scalar's.
struct yaml_span yaml_scalar_find(struct str yaml, const struct yaml_mark *mark, size_t index);
