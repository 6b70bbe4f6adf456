// Data cases under test/cases/engine: a definition, an input and the replies of its tasks, and what
// must come of it. Each file holds an array of cases. Every case is played three times: the second
// time the execution moves to a fresh arena after every step, the third time it is put down and
// brought back from its snapshot. Neither must show.

#include "engine/rehearsal.h"
#include "test/lib/cases.h"
#include "test/lib/test.h"

static const int64_t start_unix_ms = INT64_C(1704067200000); // 2024-01-01T00:00:00Z

struct play {
    struct buffer history;  // As the API shows it, one event a line.
    struct buffer sequence; // "Type<previous" per event, blank-separated.
    struct rehearsal_result result;
};

static void on_update(void *context, const struct engine_update *update)
{
    struct play *play = context;
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        engine_history_event_render(event, true, &play->history);
        buffer_append_byte(&play->history, '\n');
        buffer_printf(&play->sequence, "%s<%llu ", engine_history_event_type_name(event->type),
                      (unsigned long long)event->previous_event_id);
    }
}

static int64_t milliseconds_of(const struct json *object, struct str name, int64_t absent)
{
    const struct json *value = json_find(object, name);
    return value == NULL ? absent : (int64_t)(json_to_real(value) * 1000);
}

static void read_reply(const struct json *reply, struct rehearsal_answer *answer)
{
    *answer = (struct rehearsal_answer){
        .state = CASE_TEXT(reply, "state"),
        .input = JSON_FIND(reply, "input"),
        .output = JSON_FIND(reply, "output"),
        .submitted = JSON_FIND(reply, "submitted"),
        .error = {.name = CASE_TEXT(reply, "error"), .cause = CASE_TEXT(reply, "cause")},
        .worker_name = CASE_TEXT(reply, "worker_name"),
        .takes_ms = milliseconds_of(reply, STR("takes_seconds"), 0),
        .heartbeat_ms = milliseconds_of(reply, STR("heartbeat_seconds"), 0),
    };
}

enum play_mode { PLAY_PLAINLY, PLAY_MOVED, PLAY_PUT_DOWN };

static bool play_case(const struct json *test_case, const struct asl_machine *machine,
                      enum play_mode mode, struct arena *arena, struct play *play)
{
    const struct json *replies = JSON_FIND(test_case, "replies");
    const struct json *input = JSON_FIND(test_case, "input");
    const struct json *redrives = JSON_FIND(test_case, "redrives");
    struct rehearsal rehearsal = {
        .start =
            {
                .machine = machine,
                .execution_arn = STR("arn:aws:states:us-east-1:000000000000:execution:Play:run"),
                .execution_name = STR("run"),
                .state_machine_arn = STR("arn:aws:states:us-east-1:000000000000:stateMachine:Play"),
                .state_machine_name = STR("Play"),
                .role_arn = STR("arn:aws:iam::000000000000:role/Play"),
                .region = STR("us-east-1"),
                .input = input == NULL ? json_empty_object : *input,
                .started_unix_ms = start_unix_ms,
                .history_mask = ENGINE_HISTORY_ALL,
            },
        .seed = 7,
        .stop_after_ms = milliseconds_of(test_case, STR("stop_after_seconds"), -1),
        .stop_error = {.name = STR("Stopped"), .cause = STR("By the case.")},
        .redrives_max = redrives == NULL ? 0 : (uint32_t)redrives->integer,
        .moves = mode == PLAY_MOVED,
        .is_put_down = mode == PLAY_PUT_DOWN,
        .on_update = on_update,
        .context = play,
    };
    rehearsal.start.input_text = json_render_to_arena(arena, &rehearsal.start.input);
    if (replies != NULL) {
        rehearsal.answer_count = replies->size;
        rehearsal.answers = arena_alloc_array(arena, replies->size, sizeof(*rehearsal.answers));
        for (uint32_t i = 0; i < replies->size; i++)
            read_reply(&replies->items[i], &rehearsal.answers[i]);
    }
    buffer_init(&play->history, MIB(64));
    buffer_init(&play->sequence, MIB(64));
    return rehearsal_run(&rehearsal, arena, &play->result) == STATUS_OK;
}

static const char *case_path, *about; // Of the case being checked.

static void fail(const char *what, struct str actual, struct str expected)
{
    test_fail(case_path, 0, "%s\n#   %s is %" STR_FORMAT "\n#   not %" STR_FORMAT, about, what,
              STR_ARGS(actual), STR_ARGS(expected));
}

static void check_text(const char *what, struct str actual, const struct json *expected)
{
    if (expected == NULL) return;
    struct str text = json_is_null(expected) ? STR("") : json_str(expected);
    if (!str_equal(actual, text)) fail(what, actual, text);
}

// "Type" or "Type<previous" per event.
static void check_history(struct str sequence, const struct json *expected, struct arena *arena)
{
    if (expected == NULL) return;
    struct str rest = sequence;
    for (uint32_t i = 0; i < expected->size; i++) {
        struct str want = json_str(&expected->items[i]);
        struct str got = str_cut(&rest, ' ');
        if (str_find_byte(want, '<') == SIZE_MAX) got = str_slice(got, 0, str_find_byte(got, '<'));
        if (str_equal(got, want)) continue;
        fail(arena_printf(arena, "event %u", i + 1).data, got, want);
        printf("#   of %" STR_FORMAT "\n", STR_ARGS(sequence));
        return;
    }
    if (rest.size > 0) fail("what follows", rest, STR(""));
}

static void check_result(const struct play *play, const struct json *expect, struct arena *arena)
{
    const struct rehearsal_result *result = &play->result;
    const struct json *output = JSON_FIND(expect, "output");
    check_text("status", str_from_c(engine_status_name(result->status)),
               JSON_FIND(expect, "status"));
    check_text("error", result->error.name, JSON_FIND(expect, "error"));
    check_text("cause", result->error.cause, JSON_FIND(expect, "cause"));
    if (result->end == REHEARSAL_UNEXPECTED) {
        fail("the input of a task", json_render_to_arena(arena, &result->unexpected_input),
             STR("what its reply says"));
    }
    if (output != NULL && !json_equal(output, &result->output)) {
        fail("output", json_render_to_arena(arena, &result->output),
             json_render_to_arena(arena, output));
    }
    int64_t seconds = (result->stopped_unix_ms - start_unix_ms) / 1000;
    const struct json *lasted = JSON_FIND(expect, "lasted_seconds");
    if (lasted != NULL && lasted->integer != seconds) {
        fail("lasted_seconds", arena_printf(arena, "%lld", (long long)seconds),
             json_render_to_arena(arena, lasted));
    }
    check_history(buffer_str(&play->sequence), JSON_FIND(expect, "history"), arena);
}

static const struct asl_machine *parse_machine(const struct json *test_case, struct arena *arena)
{
    const struct json *definition = JSON_FIND(test_case, "definition");
    struct str type = CASE_TEXT(test_case, "type");
    const struct asl_machine *machine = NULL;
    struct asl_diagnostics diagnostics;
    asl_diagnostics_init(&diagnostics, arena);
    enum status status =
        asl_machine_parse(json_render_to_arena(arena, definition),
                          str_is(type, "EXPRESS") ? ASL_MACHINE_EXPRESS : ASL_MACHINE_STANDARD,
                          &diagnostics, &machine);
    if (status != STATUS_OK) {
        fail("the definition", asl_diagnostics_summary(&diagnostics, arena), STR("valid"));
        return NULL;
    }
    return machine;
}

// Play it in another way, which must not show.
static void check_mode(const struct json *test_case, const struct asl_machine *machine,
                       enum play_mode mode, const struct play *model)
{
    struct arena CLEANUP(arena_release) arena;
    struct play play = {0};
    arena_init(&arena, MIB(512));
    CHECK(play_case(test_case, machine, mode, &arena, &play));
    if (!str_equal(buffer_str(&play.history), buffer_str(&model->history))) {
        fail(mode == PLAY_MOVED ? "the history of a moved execution"
                                : "the history of an execution brought back",
             buffer_str(&play.history), buffer_str(&model->history));
    }
    buffer_release(&play.history);
    buffer_release(&play.sequence);
}

static void run_case(const char *path, const struct json *test_case)
{
    struct arena CLEANUP(arena_release) arena;
    struct play play = {0};
    arena_init(&arena, MIB(512));
    case_path = path;
    about = arena_printf(&arena, "%" STR_FORMAT, STR_ARGS(CASE_TEXT(test_case, "about"))).data;
    const struct asl_machine *machine = parse_machine(test_case, &arena);
    if (machine == NULL) return;
    CHECK(play_case(test_case, machine, PLAY_PLAINLY, &arena, &play));
    check_result(&play, JSON_FIND(test_case, "expect"), &arena);
    check_mode(test_case, machine, PLAY_MOVED, &play);
    check_mode(test_case, machine, PLAY_PUT_DOWN, &play);
    buffer_release(&play.history);
    buffer_release(&play.sequence);
    asl_machine_unref(machine);
}

TEST(cases_give_what_they_expect)
{
    test_each_case("engine", 1, run_case);
}
