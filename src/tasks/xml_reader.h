// XML as S3 answers: elements that hold either text or other elements.
//
// Only what such answers need: attributes, comments and white space between elements are dropped,
// and a document type (with the entities it may declare) is refused.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/status.h"
#include "base/str.h"

enum { XML_DEPTH_MAX = 32 };

struct xml_element {
    struct str name; // Without its namespace's prefix.
    struct str text; // Of an element without children; UTF-8.
    const struct xml_element *first_child;
    const struct xml_element *next; // Sibling.
};

// Read a whole document. Everything lives in `arena`.
//
// Returns STATUS_OK, STATUS_INVALID (no XML, a document type, too deep) or STATUS_NO_MEMORY.
MUST_USE enum status xml_read(struct arena *arena, struct str text,
                              const struct xml_element **ret_root);

// First child of that name; NULL when there is none.
const struct xml_element *xml_find(const struct xml_element *parent, struct str name);

// Its text; empty, with NULL data, when there is none.
struct str xml_find_text(const struct xml_element *parent, struct str name);
