// Tasks with a time-out are never answered in time, others always are: so whether something times
// out does not depend on how long the server was down.

#include "test/sim/answer.h"

#include "engine/engine.h"
#include "store/execution.h"
#include "test/sim/sim.h"

static uint64_t hash_text(uint64_t hash, struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t hash_question(const struct json *question)
{
    static const struct str members[] = {STR_INIT("k"), STR_INIT("n"), STR_INIT("in")};
    struct buffer CLEANUP(buffer_release) text;
    buffer_init(&text, MIB(4));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        json_render(&text, json_find(question, members[i]));
    uint64_t hash = hash_text(UINT64_C(1469598103934665603) ^ sim.seed, buffer_str(&text));
    return hash ^ hash >> 29;
}

static int64_t integer_of(const struct json *question, struct str name)
{
    int64_t value = 0;
    const struct json *member = json_find(question, name);
    return member != NULL && json_to_integer(member, &value) ? value : 0;
}

int64_t answer_short_delay_ms(void)
{
    return sim_chance(2) ? 0 : sim_draw(40);
}

static int64_t any_delay_ms(void)
{
    switch (sim_draw(16)) {
    case 0: return sim_draw(3000000);
    case 1:
    case 2: return sim_draw(60000);
    case 3:
    case 4:
    case 5: return sim_draw(6000);
    default: return answer_short_delay_ms();
    }
}

struct answer answer_to(const struct json *question)
{
    static const char *const errors[] = {"E0", "E1", "Boom"};
    uint64_t hash = hash_question(question);
    int64_t timeout_seconds = integer_of(question, STR("t"));
    bool has_heartbeat = integer_of(question, STR("h")) > 0;
    struct answer answer = {
        .is_success = hash % 8 != 0,
        .value = (unsigned)(hash / 8 % 1000),
        .error = errors[hash / 8 % 3],
        .delay_ms = -1,
    };
    if (timeout_seconds == 0) {
        answer.delay_ms = any_delay_ms();
    } else if (has_heartbeat) {
        answer.beat_count = 3;
    } else if (hash / 64 % 3 == 0) {
        answer.delay_ms = timeout_seconds * 1000 + 5000;
        answer.is_late = true;
    }
    return answer;
}

struct tasks_answer answer_as_task(const struct answer *answer)
{
    if (!answer->is_success) {
        return (struct tasks_answer){.error = str_from_c(answer->error), .cause = STR("because")};
    }
    return (struct tasks_answer){.is_success = true,
                                 .output = json_from_integer((int64_t)answer->value)};
}

struct tasks_answer answer_exists_already(const struct store_execution *existing,
                                          const struct engine_start *start)
{
    (void)existing, (void)start;
    return (struct tasks_answer){
        .error = STR("StepFunctions.ExecutionAlreadyExistsException"),
        .cause = STR("Execution Already Exists"),
    };
}
