// Numbers are told apart by their bits and everything else by its address: nothing is compared
// deeply.

#include "engine/value_table.h"

#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

static uint64_t bits_of(const struct json *value)
{
    if (value->type < JSON_INTEGER) return 0;
    if (value->type < JSON_NUMBER_TEXT) return (uint64_t)value->integer;
    return value->size == 0 ? 0 : (uint64_t)(uintptr_t)value->text;
}

static bool is_same(const struct json *a, const struct json *b)
{
    return a->type == b->type && a->size == b->size && bits_of(a) == bits_of(b);
}

static uint32_t *find_slot(const struct value_table *table, const struct json *value)
{
    uint64_t at = (bits_of(value) + value->type) * UINT64_C(0x9e3779b97f4a7c15);
    for (at ^= at >> 32;; at++) {
        uint32_t *slot = &table->slots[at & (table->slot_count - 1)];
        if (*slot == 0 || is_same(&table->values[*slot - 1], value)) return slot;
    }
}

static bool grow(struct value_table *table)
{
    size_t capacity = table->capacity == 0 ? CAPACITY_MIN : table->capacity * 2;
    if (capacity > UINT32_MAX / 2) return false;
    struct json *values = realloc(table->values, capacity * sizeof(*values));
    if (values == NULL) return false;
    table->values = values;
    uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
    if (slots == NULL) return false;
    free(table->slots);
    table->slots = slots;
    table->slot_count = capacity * 2;
    table->capacity = capacity;
    for (size_t i = 0; i < table->count; i++)
        *find_slot(table, &values[i]) = (uint32_t)i + 1;
    return true;
}

bool value_table_add(struct value_table *table, struct json value, size_t *ret_index)
{
    if (table->count == table->capacity && !grow(table)) return false;
    uint32_t *slot = find_slot(table, &value);
    if (*slot == 0) {
        table->values[table->count++] = value;
        *slot = (uint32_t)table->count;
    }
    *ret_index = *slot - 1;
    return true;
}

void value_table_release(struct value_table *table)
{
    free(table->values);
    free(table->slots);
    *table = (struct value_table){0};
}
