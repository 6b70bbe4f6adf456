// The graph of each scope, once all states are known: targets of transitions, ends, and states that
// nothing leads to.

#include <assert.h>

#include "asl/compile.h"

static struct asl_draft *find_in_scope(const struct asl_compiler *compiler, uint32_t scope,
                                       struct str name)
{
    struct asl_draft *draft = map_find(&compiler->names, name);
    return draft != NULL && draft->state.scope == scope ? draft : NULL;
}

static void report_missing(struct asl_compiler *compiler, const struct asl_place *place,
                           uint32_t scope, struct str name)
{
    // The service says 'Next' whatever the member is called.
    struct asl_diagnostic *diagnostic =
        asl_report(compiler, place, "MISSING_TRANSITION_TARGET",
                   "Missing 'Next' target: %" STR_FORMAT, STR_ARGS(name));
    if (diagnostic == NULL) return;
    if (map_find(&compiler->names, name) != NULL) {
        asl_help(compiler, diagnostic,
                 "that state is in another branch; a transition stays among the states of its own "
                 "\"States\"");
        return;
    }
    struct asl_suggestion suggestion = asl_suggest_start(name);
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        if (compiler->drafts[i]->state.scope == scope)
            asl_suggest_offer(&suggestion, compiler->drafts[i]->state.name);
    }
    if (suggestion.best.data != NULL) {
        asl_help(compiler, diagnostic, "did you mean \"%" STR_FORMAT "\"?",
                 STR_ARGS(suggestion.best));
    } else {
        asl_help(compiler, diagnostic, "there is no state of this name");
    }
}

// Where a single state leads to: a Succeed state of that name, made when it is first asked for.
// NULL without memory.
static struct asl_draft *make_target(struct asl_compiler *compiler, struct str name,
                                     const struct asl_place *place)
{
    assert(compiler->is_single_state);
    struct asl_draft *draft = map_find(&compiler->targets, name);
    if (draft != NULL) return draft;
    draft = asl_new_draft(compiler, name, place);
    if (draft == NULL) return NULL;
    draft->state.type = ASL_STATE_SUCCEED;
    draft->state.next_state = ASL_STATE_NONE;
    draft->is_terminal = true;
    if (!map_set(&compiler->targets, name, draft)) compiler->scratch->is_exhausted = true;
    return draft;
}

// Transitions were collected last first; report them in the order of the definition.
static void reverse(struct asl_draft *draft)
{
    struct asl_transition *list = NULL;
    while (draft->transitions != NULL) {
        struct asl_transition *first = draft->transitions;
        draft->transitions = first->next;
        first->next = list;
        list = first;
    }
    draft->transitions = list;
}

static void resolve(struct asl_compiler *compiler)
{
    for (uint32_t i = 0; i < compiler->scope_count; i++) {
        struct asl_scope_draft *scope = compiler->scopes[i];
        const struct asl_draft *start = find_in_scope(compiler, i, scope->start_name);
        struct asl_place place = asl_place_member(scope->place, STR("StartAt"));
        if (start == NULL)
            report_missing(compiler, &place, i, scope->start_name);
        else
            scope->scope.start_state = start->state.index;
    }
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        struct asl_draft *draft = compiler->drafts[i];
        reverse(draft);
        for (struct asl_transition *step = draft->transitions; step != NULL; step = step->next) {
            const struct asl_draft *target =
                find_in_scope(compiler, draft->state.scope, step->name);
            if (target == NULL && compiler->is_single_state && draft->state.scope == 0) {
                target = make_target(compiler, step->name, step->place);
            }
            if (target == NULL)
                report_missing(compiler, step->place, draft->state.scope, step->name);
            else
                *step->target = target->state.index;
        }
    }
}

// Walk from the start states of all scopes along transitions that lead somewhere.
static bool mark_reachable(struct asl_compiler *compiler)
{
    uint32_t *queue = arena_alloc_array(compiler->scratch, compiler->draft_count, sizeof(*queue));
    if (queue == NULL) return false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < compiler->scope_count; i++) {
        uint32_t start = compiler->scopes[i]->scope.start_state;
        if (start == ASL_STATE_NONE || compiler->drafts[start]->is_reachable) continue;
        compiler->drafts[start]->is_reachable = true;
        queue[count++] = start;
    }
    for (uint32_t at = 0; at < count; at++) {
        const struct asl_draft *draft = compiler->drafts[queue[at]];
        for (const struct asl_transition *step = draft->transitions; step != NULL;
             step = step->next) {
            uint32_t target = *step->target;
            if (target == ASL_STATE_NONE || compiler->drafts[target]->is_reachable) continue;
            compiler->drafts[target]->is_reachable = true;
            queue[count++] = target;
        }
    }
    return true;
}

// The service asks for an end of the machine alone, the language for one of every scope.
static bool check_ends(struct asl_compiler *compiler)
{
    bool *has_end = arena_alloc_zeroed(compiler->scratch, compiler->scope_count * sizeof(*has_end));
    if (has_end == NULL) return false;
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        if (compiler->drafts[i]->is_terminal) has_end[compiler->drafts[i]->state.scope] = true;
    }
    bool is_whole = true;
    for (uint32_t i = 0; i < compiler->scope_count; i++) {
        if (has_end[i] || (i > 0 && compiler->rules == ASL_RULES_SERVICE)) continue;
        struct asl_diagnostic *diagnostic =
            asl_report(compiler, NULL, "MISSING_END_STATE", "Workflow has no terminal state");
        struct asl_place place = asl_place_member(compiler->scopes[i]->place, STR("States"));
        asl_point_at_name(compiler, diagnostic, &place);
        asl_help(compiler, diagnostic,
                 "let one state have \"End\": true, or end in a state of type Succeed or Fail");
        is_whole = false;
    }
    return is_whole;
}

void asl_link(struct asl_compiler *compiler)
{
    resolve(compiler);
    if (!check_ends(compiler) || !mark_reachable(compiler)) return;
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        const struct asl_draft *draft = compiler->drafts[i];
        if (draft->is_reachable) continue;
        struct asl_diagnostic *diagnostic =
            asl_report(compiler, draft->place, "MISSING_TRANSITION_TARGET",
                       "State \"%" STR_FORMAT "\" is not reachable.", STR_ARGS(draft->state.name));
        asl_point_at_name(compiler, diagnostic, draft->place);
        asl_help(compiler, diagnostic,
                 "no \"StartAt\", \"Next\" or \"Default\" that is reached leads here");
    }
}
