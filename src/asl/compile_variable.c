// Variables: names that Assign makes, names that fields read, and the rule that an inner scope may
// read outer variables but not assign them.

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdlib.h>

#include "asl/compile.h"
#include "base/encoding.h"

enum { VARIABLE_NAME_SIZE_MAX = 80 }; // Characters.

static bool is_ascii_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_later = i > 0 && ((c >= '0' && c <= '9') || c == '_');
        if (!is_letter && !is_later) return false;
    }
    return name.size > 0;
}

// Names beyond ASCII are rare, so the pattern is compiled when one turns up.
static bool is_unicode_name(struct str name)
{
    static const char pattern[] = "\\A\\p{ID_Start}\\p{ID_Continue}*\\z";
    int error = 0;
    size_t offset = 0;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, sizeof(pattern) - 1, PCRE2_UTF, &error, &offset, NULL);
    if (code == NULL) return false;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    bool is_name = match != NULL &&
                   pcre2_match(code, (PCRE2_SPTR)name.data, name.size, 0, 0, match, NULL) >= 0;
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return is_name;
}

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (; text.size > 0; count++)
        encoding_utf8_take(&text);
    return count;
}

// Source: Amazon States Language, "Variables": the first character is of the Unicode class
// ID_Start, the others are of ID_Continue, and there are at most 80.
static bool is_variable_name(struct str name)
{
    if (!is_ascii_name(name) && (name.size == 0 || !is_unicode_name(name))) return false;
    return count_characters(name) <= VARIABLE_NAME_SIZE_MAX;
}

static void add_name(struct asl_compiler *compiler, struct asl_name **list, struct str name,
                     const struct asl_place *place)
{
    struct asl_name *item = ARENA_NEW(compiler->scratch, struct asl_name);
    if (item == NULL) return;
    *item = (struct asl_name){.next = *list, .name = name, .place = place};
    *list = item;
}

void asl_note_variable(struct asl_compiler *compiler, struct str name)
{
    add_name(compiler, &compiler->draft->references, name, NULL);
}

static void check_assigned_name(struct asl_compiler *compiler, const struct asl_place *place,
                                struct str name)
{
    if (asl_is_open(compiler, name)) return;
    if (str_is(name, "states")) {
        asl_report(compiler, place, "RESERVED_VARIABLE_NAME",
                   "Cannot assign to reserved variable '$states'.");
    } else if (!is_variable_name(name)) {
        struct asl_diagnostic *diagnostic =
            asl_report(compiler, place, "INVALID_VARIABLE_NAME",
                       "Invalid variable name '%" STR_FORMAT
                       "': the variable name contains invalid characters.",
                       STR_ARGS(name));
        struct asl_place here = asl_place_member(place, name);
        asl_point_at_name(compiler, diagnostic, &here);
        asl_help(compiler, diagnostic,
                 "a name begins with a letter and goes on with letters, digits and '_'%s",
                 str_starts_with(name, STR("$")) ? "; it is assigned without the '$'" : "");
    }
}

const struct asl_template *asl_compile_assign(struct asl_compiler *compiler,
                                              const struct asl_place *outer,
                                              const struct json *object)
{
    const struct json *assign = ASL_OBJECT(object, "Assign");
    if (assign == NULL) return NULL;
    struct asl_place place = asl_place_member(outer, STR("Assign"));
    const struct asl_place *kept = asl_keep_place(compiler, &place);
    for (uint32_t i = 0; i < assign->size; i++) {
        struct str name = json_str(&assign->members[i].name);
        if (compiler->language == ASL_JSONPATH && str_ends_with(name, STR(".$"))) name.size -= 2;
        check_assigned_name(compiler, &place, name);
        add_name(compiler, &compiler->draft->assigned, name, kept);
    }
    return asl_compile_payload(compiler, outer, object, STR("Assign"));
}

// Names assigned in a scope are found in one table of all scopes: a key is the scope's number and
// the name. Names too long for a key have been reported.
struct assigned_key {
    char bytes[sizeof(uint32_t) + 4 * VARIABLE_NAME_SIZE_MAX];
    size_t size;
};

static bool make_key(uint32_t scope, struct str name, struct assigned_key *ret_key)
{
    if (name.size == 0 || name.size > 4 * VARIABLE_NAME_SIZE_MAX) return false;
    memcpy(ret_key->bytes, &scope, sizeof(scope));
    memcpy(ret_key->bytes + sizeof(scope), name.data, name.size);
    ret_key->size = sizeof(scope) + name.size;
    return true;
}

static struct str key_str(const struct assigned_key *key)
{
    return (struct str){key->bytes, key->size};
}

// Whether a scope around `scope` assigns the name, other than in the very state that `scope`
// belongs to: what a Parallel or Map state or its catchers assign comes after its branches, and the
// service accepts it (recorded).
static bool is_assigned_outside(const struct asl_compiler *compiler, const struct map *table,
                                uint32_t scope, struct str name)
{
    while (compiler->scopes[scope]->outer != scope && !compiler->scopes[scope]->is_distributed) {
        const struct asl_draft *owner =
            compiler->drafts[compiler->scopes[scope]->scope.outer_state];
        scope = compiler->scopes[scope]->outer;
        struct assigned_key key;
        if (!make_key(scope, name, &key)) continue;
        const void *assigner = map_find(table, key_str(&key));
        if (assigner != NULL && assigner != owner) return true;
    }
    return false;
}

// A table from keys to the state that assigns the name, or to the compiler when several do.
static bool collect_assigned(struct asl_compiler *compiler, struct map *table)
{
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        struct asl_draft *draft = compiler->drafts[i];
        for (const struct asl_name *name = draft->assigned; name != NULL; name = name->next) {
            struct assigned_key key;
            struct str kept;
            if (!make_key(draft->state.scope, name->name, &key)) continue;
            if (!arena_copy_str(compiler->scratch, key_str(&key), &kept)) return false;
            const void *before = map_find(table, kept);
            bool is_only = before == NULL || before == draft;
            if (!map_set(table, kept, is_only ? (void *)draft : (void *)compiler)) return false;
        }
    }
    return true;
}

void asl_check_assigned(struct asl_compiler *compiler)
{
    struct map CLEANUP(map_release) table;
    map_init(&table);
    if (!collect_assigned(compiler, &table)) {
        compiler->scratch->is_exhausted = true;
        return;
    }
    for (uint32_t i = 0; i < compiler->draft_count; i++) {
        const struct asl_draft *draft = compiler->drafts[i];
        for (const struct asl_name *name = draft->assigned; name != NULL; name = name->next) {
            if (!is_assigned_outside(compiler, &table, draft->state.scope, name->name)) continue;
            struct asl_diagnostic *diagnostic = asl_report_schema(
                compiler, name->place,
                "Cannot assign to variable '$%" STR_FORMAT "': it is assigned in an outer scope",
                STR_ARGS(name->name));
            asl_help(compiler, diagnostic,
                     "branches may read variables of the states around them; to assign, choose "
                     "another name");
        }
    }
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void asl_collect_references(struct asl_compiler *compiler, struct asl_draft *draft)
{
    uint32_t count = 0;
    for (const struct asl_name *name = draft->references; name != NULL; name = name->next)
        count++;
    if (count == 0) return;
    struct str *names = arena_alloc_array(compiler->arena, count, sizeof(*names));
    if (names == NULL) return;
    uint32_t i = 0;
    for (const struct asl_name *name = draft->references; name != NULL; name = name->next)
        names[i++] = name->name;
    qsort(names, count, sizeof(*names), compare_names);
    uint32_t kept = 1;
    for (uint32_t n = 1; n < count; n++) {
        if (!str_equal(names[n], names[kept - 1])) names[kept++] = names[n];
    }
    draft->state.variables = names;
    draft->state.variable_count = kept;
}
