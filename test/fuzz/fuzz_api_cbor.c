// Fuzzes CBOR: whatever can be read is written and read again as the same. Needs the library api.

#include <stddef.h>
#include <stdint.h>

#include "api/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buffer buffer;
    struct json value, back;
    arena_init(&arena, MIB(4));
    buffer_init(&buffer, MIB(4));
    if (cbor_decode(&arena, (struct str){(const char *)data, size}, &value) == STATUS_OK) {
        cbor_encode(&buffer, &value);
        enum status status = cbor_decode(&arena, buffer_str(&buffer), &back);
        if (status != STATUS_NO_MEMORY && (status != STATUS_OK || !json_equal(&value, &back))) {
            __builtin_trap();
        }
    }
    buffer_release(&buffer);
    arena_release(&arena);
    return 0;
}
