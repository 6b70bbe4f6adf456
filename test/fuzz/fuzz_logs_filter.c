// Fuzzes filter patterns of CloudWatch Logs: the input is a pattern, a line feed and an event.
// Needs the libraries logs, json, store and base.

#include <stddef.h>
#include <stdint.h>

#include "logs/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str message = {(const char *)data, size};
    struct str pattern = str_cut(&message, '\n');
    if (message.data == NULL) message = STR("");
    struct arena arena;
    arena_init(&arena, KIB(64));
    struct logs_filter *filter = NULL;
    struct str error = STR("");
    enum status status = logs_filter_new(pattern, &arena, &filter, &error);
    if (status == STATUS_INVALID && error.size == 0) __builtin_trap();
    if (status == STATUS_OK && filter != NULL) {
        (void)!logs_filter_matches(filter, message);
        (void)!logs_filter_matches(filter, pattern);
    }
    logs_filter_free(filter);
    arena_release(&arena);
    return 0;
}
