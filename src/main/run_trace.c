// Every event leaves a small record, so that later ones can be placed.

#include "main/run_trace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "main/run_text.h"

enum {
    EVENTS_MAX = 1000000, // Kept; what comes later is told without its state.
    TEXTS_MIB_MAX = 512,
    HISTORY_MIB_MAX = 1024,
    LINE_MIB_MAX = 1,
    TRACE_DATA_SIZE_MAX = 100, // Of a value in the trace, in bytes.
    KEPT_DATA_SIZE_MAX = 2100, // Of a value that is kept for the report.
    DEPTH_MAX = 20,            // Of indentation.
};

enum color { PLAIN, DIM, RED, GREEN, YELLOW, CYAN };

static const char *const escapes[] = {"\033[0m",  "\033[2m",  "\033[31m",
                                      "\033[32m", "\033[33m", "\033[36m"};

static void set_color(struct run_trace *trace, enum color color)
{
    if (trace->has_colors) buffer_append_str(&trace->line, str_from_c(escapes[color]));
}

static void end_line(struct run_trace *trace)
{
    set_color(trace, PLAIN);
    buffer_append_byte(&trace->line, '\n');
    fwrite(trace->line.data, 1, trace->line.size, stderr);
    buffer_clear(&trace->line);
}

// ---------------------------------------------------------------------------------------------
// Keeping events

bool run_event_is_entered(enum engine_history_event_type type)
{
    struct str name = str_from_c(engine_history_event_type_name(type));
    return str_ends_with(name, STR("StateEntered"));
}

static bool is_exited(enum engine_history_event_type type)
{
    struct str name = str_from_c(engine_history_event_type_name(type));
    return str_ends_with(name, STR("StateExited"));
}

bool run_event_is_scheduled(enum engine_history_event_type type)
{
    return type == ENGINE_HISTORY_TASK_SCHEDULED ||
           type == ENGINE_HISTORY_LAMBDA_FUNCTION_SCHEDULED ||
           type == ENGINE_HISTORY_ACTIVITY_SCHEDULED;
}

// The value that an event carries in, as its report shows it.
static const struct json *data_of(const struct engine_history_event *event)
{
    return event->parameters != NULL ? event->parameters : event->input;
}

static void keep_data(struct run_trace *trace, const struct json *value, struct run_event *kept)
{
    struct buffer CLEANUP(buffer_release) text;
    if (value == NULL) return;
    buffer_init(&text, MIB(64));
    json_render(&text, value);
    struct str shown = run_text_shorten(buffer_str(&text), KEPT_DATA_SIZE_MAX);
    if (arena_copy_str(&trace->arena, shown, &kept->data)) kept->data_size = text.size;
}

struct run_event *run_trace_find(const struct run_trace *trace, uint64_t id)
{
    return id == 0 || id > trace->event_count ? NULL : &trace->events[id - 1];
}

static void keep(struct run_trace *trace, const struct engine_history_event *event)
{
    if (event->id != trace->event_count + 1 || trace->event_count >= EVENTS_MAX) return;
    if (trace->event_count == trace->event_capacity) {
        size_t capacity = trace->event_capacity == 0 ? 256 : trace->event_capacity * 2;
        struct run_event *events = realloc(trace->events, capacity * sizeof(*events));
        if (events == NULL) return;
        trace->events = events;
        trace->event_capacity = capacity;
    }
    struct run_event *kept = &trace->events[trace->event_count++];
    *kept = (struct run_event){
        .type = event->type, .previous = event->previous_event_id, .unix_ms = event->unix_ms};
    bool is_evaluation = event->type == ENGINE_HISTORY_EVALUATION_FAILED;
    if (is_evaluation && arena_copy_str(&trace->arena, event->state, &kept->name) &&
        arena_copy_str(&trace->arena, event->location, &kept->data)) {
        kept->data_size = kept->data.size;
    }
    if (!run_event_is_entered(event->type) && !run_event_is_scheduled(event->type)) return;
    if (event->name.data != NULL && !arena_copy_str(&trace->arena, event->name, &kept->name)) {
        kept->name = STR("");
    }
    keep_data(trace, data_of(event), kept);
}

struct run_event *run_trace_find_entered(const struct run_trace *trace, uint64_t id,
                                         struct str name)
{
    struct run_event *event = run_trace_find(trace, id);
    while (event != NULL) {
        bool is_wanted = name.size == 0 || (str_equal(event->name, name) && !event->is_left);
        if (run_event_is_entered(event->type) && is_wanted) return event;
        event = run_trace_find(trace, event->previous);
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// The trace

static uint32_t depth_of(const struct run_trace *trace, struct str state_name)
{
    const struct asl_machine *machine = trace->machine;
    const struct asl_state *state = asl_machine_find_state(machine, state_name);
    uint32_t depth = 0;
    while (state != NULL && depth < DEPTH_MAX) {
        uint32_t outer = machine->scopes[state->scope].outer_state;
        state = outer == ASL_STATE_NONE ? NULL : &machine->states[outer];
        if (state != NULL) depth++;
    }
    return depth;
}

// Since the start, as wide as a column: "  12.500", " 1:00:00.000", "32d 15:00:00.000".
static void append_time(struct buffer *line, int64_t ms)
{
    char text[48];
    int64_t seconds = ms / 1000, days = seconds / 86400;
    int hours = (int)(seconds / 3600 % 24), minutes = (int)(seconds / 60 % 60);
    int rest = (int)(seconds % 60), fraction = (int)(ms % 1000);
    if (days > 0) {
        snprintf(text, sizeof(text), "%" PRId64 "d %02d:%02d:%02d.%03d", days, hours, minutes, rest,
                 fraction);
    } else if (hours + minutes > 0) {
        snprintf(text, sizeof(text), "%d:%02d:%02d.%03d", hours, minutes, rest, fraction);
    } else {
        snprintf(text, sizeof(text), "%d.%03d", rest, fraction);
    }
    buffer_printf(line, "%16s  ", text);
}

static void begin_line(struct run_trace *trace, int64_t unix_ms, struct str state_name,
                       uint32_t inset)
{
    set_color(trace, DIM);
    append_time(&trace->line, unix_ms - trace->started_unix_ms);
    set_color(trace, PLAIN);
    for (uint32_t i = 0; i < depth_of(trace, state_name) * 2 + inset; i++)
        buffer_append_str(&trace->line, STR("  "));
}

static void tell_entered(struct run_trace *trace, const struct engine_history_event *event)
{
    begin_line(trace, event->unix_ms, event->name, 0);
    struct buffer *line = &trace->line;
    struct str type = str_from_c(engine_history_event_type_name(event->type));
    buffer_append_str(line, STR("> "));
    set_color(trace, CYAN);
    run_text_append(line, event->name, " ");
    set_color(trace, DIM);
    buffer_printf(line, "  %" STR_FORMAT "  ",
                  STR_ARGS(str_slice(type, 0, type.size - sizeof("StateEntered") + 1)));
    if (event->input != NULL) run_text_append_value(line, event->input, TRACE_DATA_SIZE_MAX);
    end_line(trace);
}

static void tell_exited(struct run_trace *trace, const struct engine_history_event *event)
{
    struct run_event *entered =
        run_trace_find_entered(trace, event->previous_event_id, event->name);
    begin_line(trace, event->unix_ms, event->name, 0);
    struct buffer *line = &trace->line;
    buffer_append_str(line, STR("< "));
    set_color(trace, CYAN);
    run_text_append(line, event->name, " ");
    set_color(trace, DIM);
    if (entered != NULL && event->unix_ms > entered->unix_ms) {
        buffer_append_str(line, STR("  after "));
        run_text_append_duration(line, event->unix_ms - entered->unix_ms);
    }
    buffer_append_str(line, STR("  "));
    if (event->output != NULL) run_text_append_value(line, event->output, TRACE_DATA_SIZE_MAX);
    if (event->assigned_variables != NULL) {
        buffer_append_str(line, STR("  assigned "));
        run_text_append_value(line, event->assigned_variables, TRACE_DATA_SIZE_MAX);
    }
    end_line(trace);
}

static void tell_scheduled(struct run_trace *trace, const struct engine_history_event *event)
{
    struct run_event *entered = run_trace_find_entered(trace, event->previous_event_id, STR(""));
    begin_line(trace, event->unix_ms, entered == NULL ? STR("") : entered->name, 1);
    struct buffer *line = &trace->line;
    if (event->resource_type.size > 0) {
        run_text_append(line, event->resource_type, " ");
        buffer_append_byte(line, ':');
    }
    run_text_append(line, event->resource, " ");
    if (entered != NULL && entered->attempts > 1) {
        set_color(trace, YELLOW);
        buffer_printf(line, "  attempt %u", entered->attempts);
    }
    set_color(trace, DIM);
    buffer_append_str(line, STR("  "));
    if (data_of(event) != NULL) run_text_append_value(line, data_of(event), TRACE_DATA_SIZE_MAX);
    end_line(trace);
}

// The state that an event is about: of "MapStateFailed" a Map, of others the last one entered.
static struct run_event *subject_of(const struct run_trace *trace,
                                    const struct engine_history_event *event)
{
    struct str type = str_from_c(engine_history_event_type_name(event->type));
    size_t kind_size = str_find(type, STR("State"));
    struct run_event *entered = run_trace_find_entered(trace, event->previous_event_id, STR(""));
    if (kind_size == SIZE_MAX) return entered;
    struct str kind = str_slice(type, 0, kind_size + sizeof("State") - 1);
    while (entered != NULL) {
        struct str entered_type = str_from_c(engine_history_event_type_name(entered->type));
        if (str_starts_with(entered_type, kind)) return entered;
        entered = run_trace_find_entered(trace, entered->previous, STR(""));
    }
    return NULL;
}

static bool is_of_execution(const struct engine_history_event *event)
{
    struct str type = str_from_c(engine_history_event_type_name(event->type));
    return str_starts_with(type, STR("Execution"));
}

static void tell_failure(struct run_trace *trace, const struct engine_history_event *event)
{
    const struct run_event *entered = subject_of(trace, event);
    bool is_end = is_of_execution(event);
    begin_line(trace, event->unix_ms, is_end || entered == NULL ? STR("") : entered->name,
               is_end ? 0 : 1);
    struct buffer *line = &trace->line;
    set_color(trace, RED);
    buffer_printf(line, "%s", engine_history_event_type_name(event->type));
    set_color(trace, PLAIN);
    buffer_append_str(line, STR("  "));
    run_text_append(line, event->error, " ");
    if (event->location.size > 0) {
        buffer_append_str(line, STR(" in "));
        run_text_append(line, event->location, " ");
    }
    if (event->cause.size > 0) {
        buffer_append_str(line, STR(": "));
        run_text_append_part(line, event->cause, event->cause.size, TRACE_DATA_SIZE_MAX * 3);
    }
    end_line(trace);
}

// What else is worth a line: results, iterations, the end.
static void tell_other(struct run_trace *trace, const struct engine_history_event *event)
{
    struct run_event *entered = subject_of(trace, event);
    struct str name = event->name.size > 0 ? event->name
                      : entered == NULL    ? STR("")
                                           : entered->name;
    bool is_end = is_of_execution(event);
    begin_line(trace, event->unix_ms, is_end ? STR("") : name, is_end ? 0 : 1);
    struct buffer *line = &trace->line;
    set_color(trace, is_end ? GREEN : DIM);
    buffer_printf(line, "%s", engine_history_event_type_name(event->type));
    set_color(trace, DIM);
    if (event->index >= 0) buffer_printf(line, " %" PRId64, event->index);
    if (event->length >= 0) buffer_printf(line, ", %" PRId64 " items", event->length);
    if (event->output != NULL && !is_end) {
        buffer_append_str(line, STR("  "));
        run_text_append_value(line, event->output, TRACE_DATA_SIZE_MAX);
    }
    end_line(trace);
}

// Events that say no more than their neighbours do.
static const uint64_t silent_mask = ENGINE_HISTORY_BIT(ENGINE_HISTORY_EXECUTION_STARTED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_TASK_STARTED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_LAMBDA_FUNCTION_STARTED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_MAP_ITERATION_SUCCEEDED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_MAP_STATE_SUCCEEDED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_PARALLEL_STATE_STARTED) |
                                    ENGINE_HISTORY_BIT(ENGINE_HISTORY_PARALLEL_STATE_SUCCEEDED);

static void tell(struct run_trace *trace, const struct engine_history_event *event)
{
    if ((silent_mask & ENGINE_HISTORY_BIT(event->type)) != 0) return;
    if (run_event_is_entered(event->type)) {
        tell_entered(trace, event);
    } else if (is_exited(event->type)) {
        tell_exited(trace, event);
    } else if (run_event_is_scheduled(event->type)) {
        tell_scheduled(trace, event);
    } else if (event->error.data != NULL) {
        tell_failure(trace, event);
    } else {
        tell_other(trace, event);
    }
}

void run_trace_init(struct run_trace *trace, const struct asl_machine *machine)
{
    *trace = (struct run_trace){.machine = machine};
    arena_init(&trace->arena, MIB(TEXTS_MIB_MAX));
    buffer_init(&trace->history, MIB(HISTORY_MIB_MAX));
    buffer_init(&trace->line, MIB(LINE_MIB_MAX));
    buffer_append_str(&trace->history, STR("{\"events\":["));
}

void run_trace_update(struct run_trace *trace, const struct engine_update *update)
{
    for (size_t i = 0; i < update->history_event_count; i++) {
        const struct engine_history_event *event = &update->history_events[i];
        keep(trace, event);
        if (run_event_is_scheduled(event->type)) {
            struct run_event *entered =
                run_trace_find_entered(trace, event->previous_event_id, STR(""));
            if (entered != NULL) entered->attempts++;
        }
        if (trace->is_traced) tell(trace, event);
        if (is_exited(event->type)) {
            struct run_event *entered =
                run_trace_find_entered(trace, event->previous_event_id, event->name);
            if (entered != NULL) entered->is_left = true;
        }
        if (!trace->wants_history) continue;
        if (event->id > 1) buffer_append_byte(&trace->history, ',');
        engine_history_event_render(event, true, &trace->history);
    }
}

bool run_trace_print_history(struct run_trace *trace)
{
    buffer_append_str(&trace->history, STR("]}\n"));
    return !trace->history.is_failed &&
           fwrite(trace->history.data, 1, trace->history.size, stdout) == trace->history.size;
}

void run_trace_release(struct run_trace *trace)
{
    arena_release(&trace->arena);
    buffer_release(&trace->history);
    buffer_release(&trace->line);
    free(trace->events);
}
