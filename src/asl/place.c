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
    const char *at;
    const char *end;
};

static char peek(const struct cursor *cursor)
{
    return cursor->at < cursor->end ? *cursor->at : '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && is_blank(*cursor->at))
        cursor->at++;
}

// The raw text of a string, escapes untouched.
static struct str take_string(struct cursor *cursor)
{
    const char *start = ++cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        cursor->at += *cursor->at == '\\' ? 2 : 1;
    }
    if (cursor->at > cursor->end) cursor->at = cursor->end;
    struct str raw = {start, (size_t)(cursor->at - start)};
    if (cursor->at < cursor->end) cursor->at++;
    return raw;
}

// Brackets are counted and everything else is passed over, so that definitions of any size are
// walked quickly; a scalar ends before what follows it.
static void skip_value(struct cursor *cursor)
{
    size_t depth = 0;
    while (cursor->at < cursor->end) {
        char c = *cursor->at;
        if (c == '"') {
            take_string(cursor);
            if (depth == 0) return;
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return; // Behind a scalar.
            cursor->at++;
            if (--depth == 0) return;
            continue;
        } else if (depth == 0 && (c == ',' || is_blank(c))) {
            return;
        }
        cursor->at++;
    }
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
    walk.at++;
    for (uint32_t index = 0; walk.at < walk.end; index++) {
        skip_blanks(&walk);
        char c = peek(&walk);
        if (c == ']' || c == '}') break;
        bool is_here = place->is_index && index == place->index;
        if (!place->is_index) {
            is_here = is_name(take_string(&walk), place->name);
            skip_blanks(&walk);
            walk.at++; // The colon.
            skip_blanks(&walk);
        }
        if (is_here) {
            found = walk;
            is_found = true;
        }
        skip_value(&walk);
        skip_blanks(&walk);
        if (peek(&walk) == ',') walk.at++;
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
    struct cursor cursor = {text.data, text.data + text.size};
    descend(&cursor, place);
    return (size_t)(cursor.at - text.data);
}

// The text is JSON, so behind a colon outside strings there is a value, and before it a name.
size_t asl_place_name_offset(struct str text, size_t offset)
{
    size_t at = offset;
    while (at > 0 && is_blank(text.data[at - 1]))
        at--;
    if (at == 0 || text.data[at - 1] != ':') return SIZE_MAX;
    at--;
    while (at > 0 && is_blank(text.data[at - 1]))
        at--;
    if (at == 0 || text.data[at - 1] != '"') return SIZE_MAX;
    // The opening quote is the first one backwards with an even number of backslashes before it.
    for (at--; at > 0; at--) {
        if (text.data[at - 1] != '"') continue;
        size_t slashes = 0;
        while (slashes < at - 1 && text.data[at - 2 - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0) return at - 1;
    }
    return SIZE_MAX;
}

size_t asl_place_value_size(struct str text, size_t offset)
{
    assert(offset <= text.size);
    struct cursor cursor = {text.data + offset, text.data + text.size};
    skip_value(&cursor);
    return (size_t)(cursor.at - text.data) - offset;
}
