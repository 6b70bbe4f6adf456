// Places: where in a definition something stands.
//
// A place is a chain from a value outwards, built on the stack while the definition is walked, so
// that it costs nothing until a diagnostic needs its text ("/States/Pay/Retry[0]") or its offset in
// the definition.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct asl_place {
    const struct asl_place *outer; // NULL for the definition as a whole.
    struct str name;               // Of a member of an object.
    uint32_t index;                // Of an item of an array.
    bool is_index;
};

static inline struct asl_place asl_place_member(const struct asl_place *outer, struct str name)
{
    return (struct asl_place){.outer = outer, .name = name};
}

static inline struct asl_place asl_place_item(const struct asl_place *outer, uint32_t index)
{
    return (struct asl_place){.outer = outer, .index = index, .is_index = true};
}

// "/States/Pay/Retry[0]"; "/" for the definition as a whole. The empty string when the arena is
// exhausted.
struct str asl_place_render(const struct asl_place *place, struct arena *arena);

// The part of the place below `stop`, without the leading slash: "Retry[0]" for a place in Pay.
struct str asl_place_render_below(const struct asl_place *place, const struct asl_place *stop,
                                  struct arena *arena);

// Offset in bytes of the value at `place`, or of the nearest value around it that exists; `text`
// must be JSON. Of members with the same name the last one counts, as it does for the parser.
size_t asl_place_offset(const struct asl_place *place, struct str text);

// Offset of the name of the member whose value stands at `offset` in JSON text; SIZE_MAX when that
// value is no member.
size_t asl_place_name_offset(struct str text, size_t offset);

// Size in bytes of the value or name that stands at `offset` in JSON text.
size_t asl_place_value_size(struct str text, size_t offset);
