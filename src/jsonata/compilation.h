// What the passes of the compiler share. Errors leave a pass by longjmp to jsonata_compile():
// compilation owns nothing but its arena, so there is nothing to unwind.

#pragma once

#include <setjmp.h>

#include "jsonata/node.h"

struct compilation {
    struct arena *arena;
    struct str text;
    struct jsonata_error error;
    uint32_t depth; // Of the recursion of the current pass.
    struct names names;
    uint32_t slot_count; // Of '%' in the expression.
    bool is_out_of_memory;
    jmp_buf on_error;
};

enum { COMPILATION_DEPTH_MAX = 500 };

// One token as the lexer found it.
struct lexeme {
    enum token token;
    uint32_t position; // After the token.
    struct str text;   // As an error names it; of a name or variable the bare name.
    struct json value; // Of literals.
    const struct regex *regex;
};

struct lexer {
    struct compilation *compilation;
    const char *next;
    const char *end;
};

void lexer_init(struct lexer *lexer, struct compilation *compilation);

// The next token; `is_infix` says that an operator is expected, so that '/' divides.
struct lexeme lexer_next(struct lexer *lexer, bool is_infix);

// Parse the whole text to a tree as written.
struct node *jsonata_parse(struct compilation *compilation);

// Turn the tree as written into the tree to evaluate: paths with steps, resolved ancestors, tail
// calls.
struct node *jsonata_process(struct compilation *compilation, struct node *written);

// Give every variable its number and find those that nothing binds.
void jsonata_resolve(struct compilation *compilation, struct node *root, struct jsonata *jsonata);

// The number of a variable's name.
uint32_t names_intern(struct compilation *compilation, struct str text);

// Leave the compilation.
NO_RETURN void compilation_fail(struct compilation *compilation, const char *code,
                                uint32_t position, struct str token);
NO_RETURN void compilation_out_of_memory(struct compilation *compilation);

// Never NULL.
void *compilation_alloc(struct compilation *compilation, size_t size); // Zeroed.
struct node *compilation_node(struct compilation *compilation, enum node_type type,
                              uint32_t position);
void node_list_append(struct compilation *compilation, struct node_list *list, struct node *node);

// Guard a recursion: enter before, leave after.
void compilation_enter(struct compilation *compilation, uint32_t position);
static inline void compilation_leave(struct compilation *compilation)
{
    compilation->depth--;
}
