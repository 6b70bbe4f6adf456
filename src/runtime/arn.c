// ARNs by putting pieces together and taking them apart again.

#include "runtime/arn.h"

#include <string.h>

static const struct str state_machine_kind = STR_INIT(":stateMachine:");
static const struct str execution_kind = STR_INIT(":execution:");
static const struct str express_kind = STR_INIT(":express:");

struct str runtime_execution_arn(struct arena *arena, struct str state_machine_arn, struct str name,
                                 bool is_express)
{
    size_t at = str_find(state_machine_arn, state_machine_kind);
    if (at == SIZE_MAX) return STR("");
    struct str kind = is_express ? express_kind : execution_kind;
    struct str machine_name = str_skip(state_machine_arn, at + state_machine_kind.size);
    // A Map run's child has its name once more in place of a number of its own.
    struct str number = is_express && str_find_byte(machine_name, '/') != SIZE_MAX ? name : STR("");
    size_t size = at + kind.size + machine_name.size + 1 + name.size +
                  (number.size > 0 ? 1 + number.size : 0);
    char *text = arena_alloc(arena, size);
    if (text == NULL) return STR("");
    char *end = mempcpy(text, state_machine_arn.data, at);
    end = mempcpy(end, kind.data, kind.size);
    end = mempcpy(end, machine_name.data, machine_name.size);
    *end++ = ':';
    end = mempcpy(end, name.data, name.size);
    if (number.size > 0) {
        *end++ = ':';
        memcpy(end, number.data, number.size);
    }
    return (struct str){text, size};
}

bool runtime_execution_arn_split(struct arena *arena, struct str execution_arn,
                                 struct str *ret_state_machine_arn, struct str *ret_name)
{
    struct str kind = execution_kind;
    size_t at = str_find(execution_arn, kind);
    if (at == SIZE_MAX) {
        kind = express_kind;
        at = str_find(execution_arn, kind);
    }
    if (at == SIZE_MAX) return false;
    struct str rest = str_skip(execution_arn, at + kind.size);
    struct str machine_name = str_cut(&rest, ':');
    if (rest.data == NULL || rest.size == 0) return false;
    bool is_child = str_find_byte(machine_name, '/') != SIZE_MAX;
    *ret_name = is_child ? str_cut(&rest, ':') : rest;
    *ret_state_machine_arn = arena_printf(arena, "%" STR_FORMAT "%" STR_FORMAT "%" STR_FORMAT,
                                          STR_ARGS(str_slice(execution_arn, 0, at)),
                                          STR_ARGS(state_machine_kind), STR_ARGS(machine_name));
    return ret_state_machine_arn->size > 0;
}
