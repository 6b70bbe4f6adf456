// The compiled form of event patterns, shared by pattern.c and pattern_match.c.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/pattern.h"

enum events_matcher_kind {
    EVENTS_MATCH_EXACT,
    EVENTS_MATCH_PREFIX,
    EVENTS_MATCH_SUFFIX,
    EVENTS_MATCH_IGNORING_CASE,
    EVENTS_MATCH_WILDCARD,
    EVENTS_MATCH_NUMERIC,
    EVENTS_MATCH_CIDR,
    EVENTS_MATCH_EXISTS,
    EVENTS_MATCH_ANYTHING_BUT,
};

struct events_bound {
    double number;
    bool is_set;
    bool is_inclusive;
};

struct events_network {
    unsigned char address[16]; // IPv4 in the first four.
    uint8_t size;              // 4 or 16.
    uint8_t bits;
};

struct events_matcher {
    enum events_matcher_kind kind;
    bool ignores_case; // Of prefixes and suffixes.
    bool exists;       // Of EVENTS_MATCH_EXISTS.
    union {
        struct json value; // Exact.
        struct str text;   // Prefix, suffix, ignoring case.
        struct {
            const struct str *pieces; // Of a wildcard: the text between its stars, empty ones too.
            size_t piece_count;
        };
        struct {
            struct events_bound low;
            struct events_bound high;
        };
        struct events_network network;
        struct {
            const struct events_matcher *items; // Anything but these.
            size_t item_count;
        };
    };
};

struct events_pattern;

// A name with either a pattern of its own or a list of matchers.
struct events_field {
    struct str name;
    const struct events_pattern *child; // NULL: a leaf.
    const struct events_matcher *matchers;
    size_t matcher_count;
};

// Alternatives of a "$or": at least one must match.
struct events_choice {
    const struct events_pattern *alternatives;
    size_t count;
};

struct events_pattern {
    const struct events_field *fields;
    size_t field_count;
    struct events_choice choice; // Without alternatives when there is no "$or".
};
