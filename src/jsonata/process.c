// From the tree as written to the tree to evaluate: dots become paths of steps, predicates and
// bindings are attached to the step they follow, every '%' finds the step that must remember its
// input, and calls in tail position of functions are marked.

#include <assert.h>

#include "jsonata/compilation.h"

static struct node *process(struct compilation *compilation, struct node *node);

static struct node *last_of(const struct node_list *list)
{
    assert(list->count > 0);
    return list->items[list->count - 1];
}

static void slots_append(struct compilation *compilation, struct slot_list *list, struct slot *slot)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        struct slot **items = compilation_alloc(compilation, capacity * sizeof(struct slot *));
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(struct slot *));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = slot;
}

static void stages_append(struct compilation *compilation, struct stage_list *list,
                          struct stage stage)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 2 : list->capacity * 2;
        struct stage *items = compilation_alloc(compilation, capacity * sizeof(struct stage));
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(struct stage));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = stage;
}

// What `value` still seeks, its parent seeks from now on.
static void push_ancestry(struct compilation *compilation, struct node *parent,
                          const struct node *value)
{
    if (value == NULL) return;
    for (uint32_t i = 0; i < value->seeking.count; i++)
        slots_append(compilation, &parent->seeking, value->seeking.items[i]);
    if (value->type == NODE_PARENT) slots_append(compilation, &parent->seeking, value->slot);
}

static const char *type_name(const struct node *node)
{
    static const char *const names[] = {
        [NODE_NAME] = "name",         [NODE_STRING] = "string",
        [NODE_NUMBER] = "number",     [NODE_VALUE] = "value",
        [NODE_REGEX] = "regex",       [NODE_VARIABLE] = "variable",
        [NODE_WILDCARD] = "wildcard", [NODE_DESCENDANT] = "descendant",
        [NODE_PARENT] = "parent",     [NODE_PATH] = "path",
        [NODE_BINARY] = "binary",     [NODE_NEGATE] = "unary",
        [NODE_ARRAY] = "unary",       [NODE_OBJECT] = "unary",
        [NODE_BLOCK] = "block",       [NODE_CONDITION] = "condition",
        [NODE_BIND] = "bind",         [NODE_FUNCTION] = "function",
        [NODE_PARTIAL] = "partial",   [NODE_LAMBDA] = "lambda",
        [NODE_APPLY] = "apply",       [NODE_TRANSFORM] = "transform",
        [NODE_SORT] = "sort",
    };
    const char *name = node->type < ARRAY_COUNT(names) ? names[node->type] : NULL;
    return name == NULL ? "operator" : name;
}

// Let `slot` climb through `node`; the step where its level reaches zero remembers its input.
static void seek_parent(struct compilation *compilation, struct node *node, struct slot *slot)
{
    switch ((int)node->type) { // NOLINT: dispatch.
    case NODE_NAME:
    case NODE_WILDCARD:
        slot->level--;
        if (slot->level != 0) return;
        if (node->ancestor != NULL)
            slot->same = node->ancestor;
        else
            node->ancestor = slot;
        node->is_tuple = true;
        return;
    case NODE_PARENT: slot->level++; return;
    case NODE_BLOCK:
        if (node->items.count == 0) return;
        node->is_tuple = true;
        seek_parent(compilation, last_of(&node->items), slot);
        return;
    case NODE_PATH: {
        node->is_tuple = true;
        uint32_t index = node->items.count - 1;
        seek_parent(compilation, node->items.items[index], slot);
        while (slot->level > 0 && index > 0)
            seek_parent(compilation, node->items.items[--index], slot);
        return;
    }
    default: compilation_fail(compilation, "S0217", node->position, str_from_c(type_name(node)));
    }
}

// Find, among the steps before the last one, where each '%' of the last one leads.
static void resolve_ancestry(struct compilation *compilation, struct node *path)
{
    struct node *last = last_of(&path->items);
    struct slot_list slots = last->seeking;
    if (last->type == NODE_PARENT) slots_append(compilation, &slots, last->slot);
    for (uint32_t i = 0; i < slots.count; i++) {
        struct slot *slot = slots.items[i];
        int64_t index = (int64_t)path->items.count - 2;
        while (slot->level > 0) {
            if (index < 0) {
                slots_append(compilation, &path->seeking, slot);
                break;
            }
            struct node *step = path->items.items[index--];
            // Contiguous steps that bind a focus all have the same input.
            while (index >= 0 && step->focus != 0 && path->items.items[index]->focus != 0)
                step = path->items.items[index--];
            seek_parent(compilation, step, slot);
        }
    }
}

static struct node *new_path(struct compilation *compilation, struct node *step)
{
    struct node *path = compilation_node(compilation, NODE_PATH, step->position);
    node_list_append(compilation, &path->items, step);
    return path;
}

// A predicate that has become part of a path works as a stage of its step.
static void predicates_to_stages(struct compilation *compilation, struct node *step)
{
    if (!step->has_predicate) return;
    assert(!step->has_stages);
    for (uint32_t i = 0; i < step->predicates.count; i++)
        stages_append(compilation, &step->stages,
                      (struct stage){.filter = step->predicates.items[i]});
    step->has_stages = true;
    step->has_predicate = false;
    step->predicates = (struct node_list){0};
}

static struct node *process_dot(struct compilation *compilation, struct node *node)
{
    struct node *left = process(compilation, node->lhs);
    struct node *path = left->type == NODE_PATH ? left : new_path(compilation, left);
    if (left->type == NODE_PARENT) slots_append(compilation, &path->seeking, left->slot);
    struct node *rest = process(compilation, node->rhs);
    if (rest->type == NODE_PATH) {
        for (uint32_t i = 0; i < rest->items.count; i++)
            node_list_append(compilation, &path->items, rest->items.items[i]);
    } else {
        predicates_to_stages(compilation, rest);
        node_list_append(compilation, &path->items, rest);
    }
    for (uint32_t i = 0; i < path->items.count; i++) {
        struct node *step = path->items.items[i];
        if (step->type == NODE_NUMBER || step->type == NODE_VALUE) {
            compilation->error.value = step->value;
            compilation->error.has_value = true;
            compilation_fail(compilation, "S0213", step->position, STR(""));
        }
        if (step->type == NODE_STRING) {
            step->type = NODE_NAME;
            step->text = json_str(&step->value);
        }
        if (step->keep_array) path->keep_singleton_array = true;
    }
    struct node *first = path->items.items[0];
    struct node *last = last_of(&path->items);
    if (first->type == NODE_ARRAY) first->is_constructed = true;
    if (last->type == NODE_ARRAY) last->is_constructed = true;
    resolve_ancestry(compilation, path);
    return path;
}

static struct node *process_predicate(struct compilation *compilation, struct node *node)
{
    struct node *result = process(compilation, node->lhs);
    struct node *step = result->type == NODE_PATH ? last_of(&result->items) : result;
    if (step->group != NULL) compilation_fail(compilation, "S0209", node->position, STR(""));
    struct node *predicate = process(compilation, node->rhs);
    if (predicate->type == NODE_PARENT || predicate->seeking.count > 0) {
        for (uint32_t i = 0; i < predicate->seeking.count; i++) {
            struct slot *slot = predicate->seeking.items[i];
            if (slot->level == 1)
                seek_parent(compilation, step, slot);
            else
                slot->level--;
        }
        push_ancestry(compilation, step, predicate);
    }
    if (result->type == NODE_PATH) {
        step->has_stages = true;
        stages_append(compilation, &step->stages, (struct stage){.filter = predicate});
    } else {
        step->has_predicate = true;
        node_list_append(compilation, &step->predicates, predicate);
    }
    return result;
}

static struct node *process_group(struct compilation *compilation, struct node *node)
{
    struct node *result = process(compilation, node->lhs);
    if (result->group != NULL) compilation_fail(compilation, "S0210", node->position, STR(""));
    struct node *group = compilation_node(compilation, NODE_OBJECT, node->position);
    for (uint32_t i = 0; i < node->items.count; i++)
        node_list_append(compilation, &group->items, process(compilation, node->items.items[i]));
    result->group = group;
    return result;
}

static struct node *process_order(struct compilation *compilation, struct node *node)
{
    struct node *result = process(compilation, node->lhs);
    if (result->type != NODE_PATH) result = new_path(compilation, result);
    struct node *sort = compilation_node(compilation, NODE_SORT, node->position);
    for (uint32_t i = 0; i < node->items.count; i++) {
        struct node *term = node->items.items[i];
        term->lhs = process(compilation, term->lhs);
        push_ancestry(compilation, sort, term->lhs);
        node_list_append(compilation, &sort->items, term);
    }
    node_list_append(compilation, &result->items, sort);
    resolve_ancestry(compilation, result);
    return result;
}

static struct node *process_focus(struct compilation *compilation, struct node *node)
{
    struct node *result = process(compilation, node->lhs);
    struct node *step = result->type == NODE_PATH ? last_of(&result->items) : result;
    if (step->has_stages || step->has_predicate)
        compilation_fail(compilation, "S0215", node->position, STR(""));
    if (step->type == NODE_SORT) compilation_fail(compilation, "S0216", node->position, STR(""));
    if (node->keep_array) step->keep_array = true;
    step->bound = node->rhs->text;
    step->focus = node->rhs->name;
    step->is_tuple = true;
    return result;
}

static struct node *process_index(struct compilation *compilation, struct node *node)
{
    struct node *result = process(compilation, node->lhs);
    struct node *step = result;
    if (result->type == NODE_PATH) {
        step = last_of(&result->items);
    } else {
        result = new_path(compilation, result);
        predicates_to_stages(compilation, step);
    }
    if (step->has_stages)
        stages_append(compilation, &step->stages, (struct stage){.index = node->rhs->name});
    else
        step->index = node->rhs->name;
    step->is_tuple = true;
    return result;
}

static bool is_call_to_defer(const struct node *node)
{
    return node->type == NODE_FUNCTION && !node->has_predicate && node->group == NULL;
}

// Mark the calls whose result is the result of the function they stand in.
static void mark_tail_calls(struct node *node)
{
    if (node->has_predicate || node->group != NULL || node->keep_array) return;
    if (is_call_to_defer(node)) {
        node->is_tail = true;
    } else if (node->type == NODE_CONDITION) {
        mark_tail_calls(node->rhs);
        if (node->third != NULL) mark_tail_calls(node->third);
    } else if (node->type == NODE_BLOCK && node->items.count > 0) {
        mark_tail_calls(last_of(&node->items));
    }
}

static void process_items(struct compilation *compilation, struct node *node)
{
    for (uint32_t i = 0; i < node->items.count; i++) {
        struct node *item = process(compilation, node->items.items[i]);
        node->items.items[i] = item;
        push_ancestry(compilation, node, item);
        bool is_constructed = item->is_constructed ||
                              (item->type == NODE_PATH && item->items.items[0]->is_constructed);
        if (node->type == NODE_BLOCK && is_constructed) node->is_constructed = true;
    }
}

static struct node *process_part(struct compilation *compilation, struct node *node,
                                 struct node *part)
{
    if (part == NULL) return NULL;
    struct node *processed = process(compilation, part);
    push_ancestry(compilation, node, processed);
    return processed;
}

static struct node *process_negate(struct compilation *compilation, struct node *node)
{
    struct node *operand = process(compilation, node->lhs);
    if (operand->type != NODE_NUMBER) {
        node->lhs = operand;
        push_ancestry(compilation, node, operand);
        return node;
    }
    operand->value = operand->value.type == JSON_INTEGER && operand->value.integer != 0
                         ? json_from_integer(-operand->value.integer)
                         : json_from_real(-json_to_real(&operand->value));
    return operand;
}

static struct node *process_name(struct compilation *compilation, struct node *node)
{
    struct node *path = new_path(compilation, node);
    if (node->keep_array) path->keep_singleton_array = true;
    return path;
}

static struct node *process_parent(struct compilation *compilation, struct node *node)
{
    struct slot *slot = compilation_alloc(compilation, sizeof(*slot));
    *slot = (struct slot){.label = compilation->slot_count++, .level = 1};
    node->slot = slot;
    return node;
}

static struct node *process_by_type(struct compilation *compilation, struct node *node)
{
    switch ((int)node->type) { // NOLINT: dispatch.
    case NODE_BINARY:
        if (node->token == TOKEN_DOT) return process_dot(compilation, node);
        break;
    case NODE_PREDICATE: return process_predicate(compilation, node);
    case NODE_GROUP: return process_group(compilation, node);
    case NODE_ORDER: return process_order(compilation, node);
    case NODE_FOCUS: return process_focus(compilation, node);
    case NODE_INDEX: return process_index(compilation, node);
    case NODE_NEGATE: return process_negate(compilation, node);
    case NODE_NAME: return process_name(compilation, node);
    case NODE_PARENT: return process_parent(compilation, node);
    case NODE_ARRAY:
    case NODE_OBJECT:
    case NODE_BLOCK: process_items(compilation, node); return node;
    case NODE_FUNCTION:
    case NODE_PARTIAL:
        process_items(compilation, node);
        node->lhs = process(compilation, node->lhs);
        return node;
    case NODE_LAMBDA:
        node->rhs = process(compilation, node->rhs);
        mark_tail_calls(node->rhs);
        return node;
    case NODE_BIND: node->rhs = process_part(compilation, node, node->rhs); return node;
    case NODE_APPLY:
    case NODE_TRANSFORM:
        node->lhs = process(compilation, node->lhs);
        node->rhs = process(compilation, node->rhs);
        if (node->third != NULL) node->third = process(compilation, node->third);
        if (node->type == NODE_APPLY && (node->lhs->keep_array || node->rhs->keep_array))
            node->keep_array = true;
        return node;
    default: break;
    }
    node->lhs = process_part(compilation, node, node->lhs);
    node->rhs = process_part(compilation, node, node->rhs);
    node->third = process_part(compilation, node, node->third);
    return node;
}

static struct node *process(struct compilation *compilation, struct node *node)
{
    compilation_enter(compilation, node->position);
    struct node *result = process_by_type(compilation, node);
    if (node->keep_array) result->keep_array = true;
    compilation_leave(compilation);
    return result;
}

struct node *jsonata_process(struct compilation *compilation, struct node *written)
{
    struct node *root = process(compilation, written);
    if (root->type == NODE_PARENT || root->seeking.count > 0)
        compilation_fail(compilation, "S0217", root->position, str_from_c(type_name(root)));
    return root;
}
