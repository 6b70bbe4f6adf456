// Compiling: parse, process, resolve. And the small tools that the passes share.

#include <assert.h>

#include "base/encoding.h"
#include "jsonata/compilation.h"
#include "jsonata/evaluation.h"
#include "jsonata/signature.h"

void compilation_fail(struct compilation *compilation, const char *code, uint32_t position,
                      struct str token)
{
    struct jsonata_error *error = &compilation->error;
    memcpy(error->code, code, JSONATA_CODE_SIZE);
    error->has_position = true;
    error->position = position;
    error->token = token;
    longjmp(compilation->on_error, 1);
}

void compilation_out_of_memory(struct compilation *compilation)
{
    compilation->is_out_of_memory = true;
    longjmp(compilation->on_error, 1);
}

void *compilation_alloc(struct compilation *compilation, size_t size)
{
    void *result = arena_alloc_zeroed(compilation->arena, size);
    if (result == NULL) compilation_out_of_memory(compilation);
    return result;
}

struct node *compilation_node(struct compilation *compilation, enum node_type type,
                              uint32_t position)
{
    struct node *node = compilation_alloc(compilation, sizeof(*node));
    node->type = type;
    node->position = position;
    node->global = node->outside = -1;
    return node;
}

void node_list_append(struct compilation *compilation, struct node_list *list, struct node *node)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 2 : list->capacity * 2;
        struct node **items = compilation_alloc(compilation, capacity * sizeof(struct node *));
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof(struct node *));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = node;
}

void compilation_enter(struct compilation *compilation, uint32_t position)
{
    if (++compilation->depth > COMPILATION_DEPTH_MAX)
        compilation_fail(compilation, "S0600", position, STR(""));
}

uint32_t names_intern(struct compilation *compilation, struct str text)
{
    struct names *names = &compilation->names;
    for (uint32_t i = 0; i < names->count; i++)
        if (str_equal(names->items[i], text)) return i;
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 8 : names->capacity * 2;
        struct str *items = compilation_alloc(compilation, capacity * sizeof(struct str));
        bool *is_bound = compilation_alloc(compilation, capacity * sizeof(bool));
        if (names->count > 0) {
            memcpy(items, names->items, names->count * sizeof(struct str));
            memcpy(is_bound, names->is_bound, names->count * sizeof(bool));
        }
        *names = (struct names){items, is_bound, names->count, capacity};
    }
    names->items[names->count] = text;
    return names->count++;
}

// ---------------------------------------------------------------------------------------------
// Resolving

struct resolver {
    struct compilation *compilation;
    struct jsonata *jsonata;
    int32_t *globals; // Of each name: its index among the globals + 1, or 0.
    uint32_t reference_capacity;
};

// What visits every node: `scope` is the block whose frame ':=' binds in, or NULL when that frame
// exists anyway.
typedef void (*visit_fn)(struct resolver *resolver, struct node *node, struct node *scope);

static void visit_parts(struct resolver *resolver, struct node *node, struct node *scope,
                        visit_fn visit)
{
    struct node *parts[] = {node->lhs, node->rhs, node->third, node->group};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        if (parts[i] != NULL) visit(resolver, parts[i], scope);
    for (uint32_t i = 0; i < node->predicates.count; i++)
        visit(resolver, node->predicates.items[i], scope);
    for (uint32_t i = 0; i < node->stages.count; i++)
        if (node->stages.items[i].filter != NULL)
            visit(resolver, node->stages.items[i].filter, scope);
}

static void visit_all(struct resolver *resolver, struct node *node, struct node *scope,
                      visit_fn visit)
{
    compilation_enter(resolver->compilation, node->position);
    struct node *inner = scope;
    if (node->type == NODE_BLOCK && node->lhs == NULL) inner = node;
    if (node->type == NODE_LAMBDA) inner = NULL;
    for (uint32_t i = 0; i < node->items.count; i++)
        visit(resolver, node->items.items[i], inner);
    visit_parts(resolver, node, node->type == NODE_LAMBDA ? NULL : scope, visit);
    compilation_leave(resolver->compilation);
}

static void find_bound(struct resolver *resolver, struct node *node, struct node *scope)
{
    bool *is_bound = resolver->compilation->names.is_bound;
    if (node->type == NODE_BIND) {
        is_bound[node->lhs->name] = true;
        if (scope != NULL) scope->is_scope = true;
    }
    if (node->type == NODE_LAMBDA) {
        for (uint32_t i = 0; i < node->items.count; i++)
            is_bound[node->items.items[i]->name] = true;
    }
    is_bound[node->focus] = true;
    is_bound[node->index] = true;
    for (uint32_t i = 0; i < node->stages.count; i++)
        is_bound[node->stages.items[i].index] = true;
    node->is_plain = !node->has_predicate && node->group == NULL && !node->keep_array;
    visit_all(resolver, node, scope, find_bound);
}

static const struct function *library_function(struct compilation *compilation, struct str name)
{
    const struct builtin *builtin = builtin_find(name);
    if (builtin == NULL) return NULL;
    struct function *function = compilation_alloc(compilation, sizeof(*function));
    *function =
        (struct function){.kind = FUNCTION_BUILTIN, .builtin = builtin, .arity = builtin->arity};
    if (builtin->signature[0] == '\0') return function;
    const char *code;
    size_t offset;
    enum status status = signature_parse(compilation->arena, str_from_c(builtin->signature),
                                         &function->signature, &code, &offset);
    if (status == STATUS_NO_MEMORY) compilation_out_of_memory(compilation);
    assert(status == STATUS_OK);
    return function;
}

static void resolve_variable(struct resolver *resolver, struct node *node)
{
    if (node->name < NAME_FIRST) return;
    struct jsonata *jsonata = resolver->jsonata;
    int32_t *global = &resolver->globals[node->name];
    if (*global == 0) {
        jsonata->globals[jsonata->global_count++] = (struct global){
            .name = node->text,
            .function = library_function(resolver->compilation, node->text),
        };
        *global = (int32_t)jsonata->global_count;
    }
    node->outside = *global - 1;
    if (!resolver->compilation->names.is_bound[node->name]) node->global = node->outside;
}

static void add_reference(struct resolver *resolver, const struct node *variable,
                          const struct node *path)
{
    if (variable->name < NAME_FIRST) return;
    struct jsonata *jsonata = resolver->jsonata;
    struct compilation *compilation = resolver->compilation;
    if (jsonata->reference_count == resolver->reference_capacity) {
        uint32_t capacity = resolver->reference_capacity * 2 + 4;
        struct jsonata_reference *references =
            compilation_alloc(compilation, capacity * sizeof(*references));
        if (jsonata->reference_count > 0)
            memcpy(references, jsonata->references, jsonata->reference_count * sizeof(*references));
        jsonata->references = references;
        resolver->reference_capacity = capacity;
    }
    struct jsonata_reference *reference = &jsonata->references[jsonata->reference_count++];
    reference->name = variable->text;
    reference->is_function = jsonata->globals[variable->outside].function != NULL;
    reference->is_bound = variable->global < 0;
    if (path == NULL) return;
    struct str *steps = compilation_alloc(compilation, 2 * sizeof(*steps));
    reference->steps = steps;
    for (uint32_t i = 1; i < path->items.count && i <= 2; i++) {
        if (path->items.items[i]->type != NODE_NAME) break;
        steps[reference->step_count++] = path->items.items[i]->text;
    }
}

static void resolve(struct resolver *resolver, struct node *node, struct node *scope)
{
    if (node->type == NODE_VARIABLE && node->outside < 0) {
        resolve_variable(resolver, node);
        add_reference(resolver, node, NULL);
    }
    if (node->type == NODE_PATH && node->items.items[0]->type == NODE_VARIABLE &&
        node->items.items[0]->outside < 0) {
        struct node *variable = node->items.items[0];
        resolve_variable(resolver, variable);
        add_reference(resolver, variable, node);
    }
    if (node->type == NODE_BIND) {
        resolve(resolver, node->rhs, scope); // The name on the left is not read.
        return;
    }
    visit_all(resolver, node, scope, resolve);
}

void jsonata_resolve(struct compilation *compilation, struct node *root, struct jsonata *jsonata)
{
    uint32_t name_count = compilation->names.count;
    struct resolver resolver = {
        .compilation = compilation,
        .jsonata = jsonata,
        .globals = compilation_alloc(compilation, name_count * sizeof(int32_t)),
    };
    jsonata->globals = compilation_alloc(compilation, name_count * sizeof(struct global));
    jsonata->label_base = name_count;
    find_bound(&resolver, root, NULL);
    resolve(&resolver, root, NULL);
}

// ---------------------------------------------------------------------------------------------

// Positions are counted in UTF-16 units, as the language's own implementation does.
static struct jsonata *compile(struct compilation *compilation)
{
    struct jsonata *jsonata = compilation_alloc(compilation, sizeof(*jsonata));
    jsonata->text = compilation->text;
    names_intern(compilation, STR(""));
    names_intern(compilation, STR("$"));
    struct node *root = jsonata_process(compilation, jsonata_parse(compilation));
    compilation->depth = 0;
    jsonata_resolve(compilation, root, jsonata);
    jsonata->root = root;
    return jsonata;
}

enum status jsonata_compile(struct arena *arena, struct str text,
                            const struct jsonata **ret_jsonata, struct jsonata_error *reterr_error)
{
    struct compilation *compilation = ARENA_NEW(arena, struct compilation);
    struct str copy;
    if (compilation == NULL || !arena_copy_str(arena, text, &copy)) return STATUS_NO_MEMORY;
    compilation->arena = arena;
    compilation->text = copy;
    if (setjmp(compilation->on_error) == 0) {
        size_t wrong = encoding_wtf8_check(copy);
        if (text.size > JSONATA_TEXT_SIZE_MAX || wrong != SIZE_MAX)
            compilation_fail(compilation, "S0600", 0, STR(""));
        *ret_jsonata = compile(compilation);
        return STATUS_OK;
    }
    if (compilation->is_out_of_memory || arena->is_exhausted) return STATUS_NO_MEMORY;
    struct jsonata_error *error = &compilation->error;
    error->message = error_message(arena, error);
    error->position = encoding_utf16_size(str_slice(copy, 0, error->position));
    if (reterr_error != NULL) *reterr_error = *error;
    return STATUS_INVALID;
}

struct str jsonata_text(const struct jsonata *jsonata)
{
    return jsonata->text;
}

size_t jsonata_reference_count(const struct jsonata *jsonata)
{
    return jsonata->reference_count;
}

const struct jsonata_reference *jsonata_reference_get(const struct jsonata *jsonata, size_t index)
{
    assert(index < jsonata->reference_count);
    return &jsonata->references[index];
}
