// After a failure: in which state, at which field, with what data.
//
// The engine's own messages name the event at which the state was entered; other failures are
// placed by walking back from the last event.

#include <stdlib.h>

#include "asl/place.h"
#include "main/run_text.h"
#include "main/run_trace.h"

enum {
    DATA_SIZE_MAX = 2000,
    NESTING_MAX = 32,
    PLACES_PER_LEVEL = 4, // "Branches", its index, "States", a name.
};

// ---------------------------------------------------------------------------------------------
// The line of a state in the file

// Places from the definition down to `state`; returns how many. `processor` is what Map states
// call their nested machine.
static size_t place_state(const struct asl_machine *machine, const struct asl_state *state,
                          struct str processor, struct asl_place *places)
{
    const struct asl_state *levels[NESTING_MAX];
    size_t level_count = 0, count = 0;
    places[count++] = (struct asl_place){0}; // The definition as a whole.
    while (state != NULL && level_count < NESTING_MAX) {
        levels[level_count++] = state;
        uint32_t outer = machine->scopes[state->scope].outer_state;
        state = outer == ASL_STATE_NONE ? NULL : &machine->states[outer];
    }
    for (size_t i = level_count; i > 0; i--) {
        const struct asl_state *inner = levels[i - 1];
        const struct asl_state *outer = i == level_count ? NULL : levels[i];
        if (outer != NULL && outer->type == ASL_STATE_PARALLEL) {
            uint32_t branch = 0;
            while (branch < outer->parallel.branch_count &&
                   outer->parallel.scopes[branch] != inner->scope)
                branch++;
            places[count] = asl_place_member(&places[count - 1], STR("Branches"));
            count++;
            places[count] = asl_place_item(&places[count - 1], branch);
            count++;
        } else if (outer != NULL) {
            places[count] = asl_place_member(&places[count - 1], processor);
            count++;
        }
        places[count] = asl_place_member(&places[count - 1], STR("States"));
        count++;
        places[count] = asl_place_member(&places[count - 1], inner->name);
        count++;
    }
    return count;
}

static size_t offset_of(const struct run_trace *trace, const struct asl_state *state,
                        struct str processor)
{
    struct asl_place places[NESTING_MAX * PLACES_PER_LEVEL + 1];
    size_t count = place_state(trace->machine, state, processor, places);
    return asl_place_offset(&places[count - 1], trace->definition->source->text);
}

// From 1; 0 when it cannot be told.
static size_t line_of(const struct run_trace *trace, const struct asl_state *state)
{
    if (state == NULL) return 0;
    // Where a place does not exist, the nearest one around it is given, which stands before.
    size_t offset = offset_of(trace, state, STR("ItemProcessor"));
    size_t other = offset_of(trace, state, STR("Iterator"));
    if (other > offset) offset = other;
    return run_definition_line(trace->definition, offset);
}

// ---------------------------------------------------------------------------------------------
// Finding the state

// "… (entered at the event id #12) …"
static struct run_event *entered_by_text(const struct run_trace *trace, struct str cause)
{
    static const struct str mark = STR_INIT("(entered at the event id #");
    size_t at = str_find(cause, mark);
    if (at == SIZE_MAX) return NULL;
    struct str digits = str_skip(cause, at + mark.size);
    uint64_t id;
    digits = str_cut(&digits, ')');
    struct run_event *event = str_to_u64(digits, &id) ? run_trace_find(trace, id) : NULL;
    return event != NULL && run_event_is_entered(event->type) ? event : NULL;
}

// The last state of that name that was entered.
static struct run_event *entered_by_name(const struct run_trace *trace, struct str name)
{
    for (size_t i = trace->event_count; i > 0; i--) {
        struct run_event *event = &trace->events[i - 1];
        if (run_event_is_entered(event->type) && str_equal(event->name, name)) return event;
    }
    return NULL;
}

// The last state that was entered and not left: where time ran out.
static struct run_event *entered_last(const struct run_trace *trace)
{
    for (size_t i = trace->event_count; i > 0; i--) {
        struct run_event *event = &trace->events[i - 1];
        if (run_event_is_entered(event->type) && !event->is_left) return event;
    }
    return NULL;
}

// An EvaluationFailed that the execution's end follows; NULL when something else ended it.
static const struct run_event *failed_evaluation(const struct run_trace *trace)
{
    const struct run_event *event = run_trace_find(trace, trace->event_count);
    while (event != NULL && !run_event_is_entered(event->type)) {
        if (event->type == ENGINE_HISTORY_EVALUATION_FAILED) return event;
        event = run_trace_find(trace, event->previous);
    }
    return NULL;
}

// What the last task of a state was given; NULL when it started none.
static const struct run_event *last_task(const struct run_trace *trace,
                                         const struct run_event *entered)
{
    if (entered->attempts == 0) return NULL;
    for (size_t i = trace->event_count; i > 0; i--) {
        const struct run_event *event = &trace->events[i - 1];
        if (run_event_is_scheduled(event->type) &&
            run_trace_find_entered(trace, i, STR("")) == entered) {
            return event;
        }
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------------
// The report

static void print_line(struct run_trace *trace, const char *label, struct str text,
                       size_t full_size)
{
    if (text.data == NULL) return;
    struct buffer *line = &trace->line;
    buffer_clear(line);
    buffer_printf(line, "  %-8s ", label);
    struct str shown = run_text_shorten(text, DATA_SIZE_MAX);
    run_text_append(line, shown, "\n           ");
    if (shown.size < full_size) buffer_printf(line, "… (%zu bytes)", full_size);
    buffer_append_byte(line, '\n');
    fwrite(line->data, 1, line->size, stderr);
    buffer_clear(line);
}

static const char *verb_of(enum engine_status status)
{
    switch (status) {
    case ENGINE_TIMED_OUT: return "timed out";
    case ENGINE_ABORTED: return "was aborted";
    case ENGINE_RUNNING:
    case ENGINE_SUCCEEDED:
    case ENGINE_FAILED: break;
    }
    return "failed";
}

static void print_head(struct run_trace *trace, const struct engine_update *update,
                       const struct run_event *entered)
{
    struct buffer *line = &trace->line;
    buffer_clear(line);
    buffer_printf(line, "galop run: the execution %s", verb_of(update->status));
    if (entered != NULL) {
        size_t number = line_of(trace, asl_machine_find_state(trace->machine, entered->name));
        buffer_append_str(line, STR(" in the state '"));
        run_text_append(line, entered->name, " ");
        buffer_append_byte(line, '\'');
        if (number > 0) buffer_printf(line, " (%s:%zu)", trace->file, number);
    }
    buffer_append_byte(line, '\n');
    fwrite(line->data, 1, line->size, stderr);
    buffer_clear(line);
}

void run_trace_explain(struct run_trace *trace, const struct engine_update *update)
{
    const struct run_event *evaluation = failed_evaluation(trace);
    struct run_event *entered = entered_by_text(trace, update->error.cause);
    if (entered == NULL && evaluation != NULL) entered = entered_by_name(trace, evaluation->name);
    if (entered == NULL) entered = run_trace_find_entered(trace, trace->event_count, STR(""));
    if (entered == NULL) entered = entered_last(trace);
    print_head(trace, update, entered);
    print_line(trace, "error", update->error.name, update->error.name.size);
    print_line(trace, "cause", update->error.cause, update->error.cause.size);
    if (evaluation != NULL) print_line(trace, "field", evaluation->data, evaluation->data_size);
    if (entered == NULL) return;
    print_line(trace, "input", entered->data, entered->data_size);
    const struct run_event *task = last_task(trace, entered);
    if (task == NULL) return;
    print_line(trace, "task got", task->data, task->data_size);
    if (entered->attempts > 1) {
        char text[32];
        snprintf(text, sizeof(text), "%u times", entered->attempts);
        print_line(trace, "tried", str_from_c(text), 0);
    }
}
