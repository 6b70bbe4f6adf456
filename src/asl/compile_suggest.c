// What was probably meant: the nearest name by edits, where that is near enough to be worth saying.

#include "asl/compile.h"

enum {
    COMPARED_SIZE_MAX = 80, // Longer names are not compared.
    OFFERS_MAX = 1000,      // Nor are more than so many: definitions may be hostile.
};

const char *asl_kind_found(const struct json *value)
{
    if (json_is_string(value)) return "a string";
    if (json_is_number(value)) return "a number";
    if (json_is_boolean(value)) return "a boolean";
    if (json_is_array(value)) return "an array";
    return json_is_object(value) ? "an object" : "null";
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
// Case counts nothing. Source: optimal string alignment, with the last three rows of its table.
static size_t edit_distance(struct str a, struct str b)
{
    size_t rows[3][COMPARED_SIZE_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            row[j] = smaller(above[j - 1] + (x == y ? 0 : 1), smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                row[j] = smaller(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

struct asl_suggestion asl_suggest_start(struct str wanted)
{
    // At most a third of it may be wrong.
    return (struct asl_suggestion){.wanted = wanted,
                                   .distance = wanted.size < 3 ? 1 : wanted.size / 3};
}

void asl_suggest_offer(struct asl_suggestion *suggestion, struct str candidate)
{
    struct str wanted = suggestion->wanted;
    if (suggestion->offer_count++ >= OFFERS_MAX) return;
    if (wanted.size > COMPARED_SIZE_MAX || candidate.size > COMPARED_SIZE_MAX) return;
    bool is_beginning =
        wanted.size >= 4 && str_equal_ignoring_case(str_slice(candidate, 0, wanted.size), wanted);
    if (is_beginning && suggestion->best.data == NULL) suggestion->best = candidate;
    size_t difference =
        wanted.size > candidate.size ? wanted.size - candidate.size : candidate.size - wanted.size;
    if (wanted.size == 0 || difference > suggestion->distance) return;
    size_t distance = edit_distance(wanted, candidate);
    bool is_first = suggestion->best.data == NULL;
    if (distance > suggestion->distance || (!is_first && distance == suggestion->distance)) return;
    suggestion->best = candidate;
    suggestion->distance = distance;
}
