// The offset is found by walking the text along the chain: values carry no offsets, and only
// definitions with something wrong in them ever need one.

#include "asl/place.h"

#include <assert.h>

static size_t rendered_size(const struct asl_place *place, const struct asl_place *stop)
{
    size_t size = 0;
    for (; place != stop; place = place->outer) {
        size += place->is_index ? 12 : place->name.size + 1; // "[4294967295]"
    }
    return size;
}

// Up to, but without, `stop`.
static struct str render(const struct asl_place *place, const struct asl_place *stop,
                         struct arena *arena)
{
    size_t size = rendered_size(place, stop);
    char *data = arena_alloc(arena, size);
    if (data == NULL) return STR("");
    // Filled from the end, because the chain leads outwards.
    size_t start = size;
    for (; place != stop; place = place->outer) {
        if (place->is_index) {
            data[--start] = ']';
            uint32_t rest = place->index;
            do {
                data[--start] = (char)('0' + rest % 10);
                rest /= 10;
            } while (rest != 0);
            data[--start] = '[';
        } else {
            start -= place->name.size;
            if (place->name.size > 0) memcpy(data + start, place->name.data, place->name.size);
            data[--start] = '/';
        }
    }
    return (struct str){data + start, size - start};
}

struct str asl_place_render(const struct asl_place *place, struct arena *arena)
{
    const struct asl_place *root = place;
    while (root->outer != NULL)
        root = root->outer;
    return place == root ? STR("/") : render(place, root, arena);
}

struct str asl_place_render_below(const struct asl_place *place, const struct asl_place *stop,
                                  struct arena *arena)
{
    struct str text = render(place, stop, arena);
    return str_starts_with(text, STR("/")) ? str_skip(text, 1) : text;
}

// A cursor over text that is known to be JSON. At the end of the text it stays there.
struct cursor {
    struct str text;
    size_t offset;
};

static char peek(const struct cursor *cursor)
{
    return cursor->offset < cursor->text.size ? cursor->text.data[cursor->offset] : '\0';
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->offset < cursor->text.size && strchr(" \t\r\n", peek(cursor)) != NULL)
        cursor->offset++;
}

// The raw text of a string, escapes untouched.
static struct str take_string(struct cursor *cursor)
{
    size_t start = ++cursor->offset;
    while (cursor->offset < cursor->text.size && peek(cursor) != '"') {
        cursor->offset += peek(cursor) == '\\' ? 2 : 1;
    }
    struct str raw = str_slice(cursor->text, start, cursor->offset - start);
    cursor->offset++;
    return raw;
}

static void skip_value(struct cursor *cursor)
{
    size_t depth = 0;
    do {
        skip_blanks(cursor);
        char c = peek(cursor);
        if (c == '"') {
            take_string(cursor);
        } else if (c == '{' || c == '[') {
            depth++;
            cursor->offset++;
        } else if (c == '}' || c == ']') {
            depth--;
            cursor->offset++;
        } else if (c == ',' || c == ':') {
            cursor->offset++;
        } else {
            while (cursor->offset < cursor->text.size &&
                   strchr(" \t\r\n,:]}", peek(cursor)) == NULL)
                cursor->offset++;
        }
    } while (depth > 0 && cursor->offset < cursor->text.size);
}

// Does the raw text of a name spell `name`? Escapes are compared only where they are simple: a
// diagnostic points at the object around a member whose name is written in another way.
static bool is_name(struct str raw, struct str name)
{
    size_t at = 0;
    for (size_t i = 0; i < raw.size; i++, at++) {
        char c = raw.data[i];
        if (c == '\\' && i + 1 < raw.size) {
            c = raw.data[++i];
            if (strchr("\"\\/", c) == NULL) return false;
        }
        if (at == name.size || name.data[at] != c) return false;
    }
    return at == name.size;
}

// Move from the start of a value to the start of the part that `place` names. Returns false, with
// the cursor where it was, when there is no such part.
static bool enter(struct cursor *cursor, const struct asl_place *place)
{
    struct cursor walk = *cursor, found = *cursor;
    bool is_found = false;
    if (peek(&walk) != (place->is_index ? '[' : '{')) return false;
    walk.offset++;
    for (uint32_t index = 0; walk.offset < walk.text.size; index++) {
        skip_blanks(&walk);
        char c = peek(&walk);
        if (c == ']' || c == '}') break;
        bool is_here = place->is_index && index == place->index;
        if (!place->is_index) {
            is_here = is_name(take_string(&walk), place->name);
            skip_blanks(&walk);
            walk.offset++; // The colon.
            skip_blanks(&walk);
        }
        if (is_here) {
            found = walk;
            is_found = true;
        }
        skip_value(&walk);
        skip_blanks(&walk);
        if (peek(&walk) == ',') walk.offset++;
    }
    *cursor = found;
    return is_found;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the definition, which the parser limits.
static bool descend(struct cursor *cursor, const struct asl_place *place)
{
    if (place->outer == NULL) {
        skip_blanks(cursor);
        return true;
    }
    return descend(cursor, place->outer) && enter(cursor, place);
}

size_t asl_place_offset(const struct asl_place *place, struct str text)
{
    assert(place != NULL);
    struct cursor cursor = {.text = text};
    descend(&cursor, place);
    return cursor.offset;
}
