// What a sandbox prints, cut into log records.
//
// A record is a line, its line feed included, or a frame: a NUL, "GLF", the length as 32 bits in
// little endian, and so many bytes. Our runtimes use frames for records of several lines;
// everything else prints lines. Lines may be of any length; very long ones become several records.

#pragma once

#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"

enum {
    LAMBDA_RECORD_SIZE_MAX = 256 * 1024, // Longer ones are cut into pieces.
    LAMBDA_FRAME_SIZE_MAX = 1024 * 1024, // A frame that says more is no frame.
    LAMBDA_FRAME_HEAD_SIZE = 8,
};

typedef void (*lambda_record_fn)(void *context, struct str record);

struct lambda_output {
    struct buffer pending; // The beginning of a record.
    lambda_record_fn on_record;
    void *context;
};

void lambda_output_init(struct lambda_output *output, lambda_record_fn on_record, void *context);

// Take bytes in pieces of any size. Records are borrowed for the call of `on_record`.
void lambda_output_take(struct lambda_output *output, struct str bytes);

// Give out what is pending: the invocation has ended in the middle of a line.
void lambda_output_flush(struct lambda_output *output);

void lambda_output_release(struct lambda_output *output);

// ---------------------------------------------------------------------------------------------
// The service's own records, each ending in a line feed.

// What the closing record says about an invocation.
struct lambda_report {
    struct str request_id;
    int64_t duration_us;
    uint32_t memory_mb;
    uint64_t memory_used_bytes; // The highest seen.
    int64_t init_us;            // Of a cold start; negative: none.
    const char *status;         // "timeout" or "error"; NULL: all went well.
    struct str error_type;      // With "error".
};

// Milliseconds as they are billed: rounded up, at least 1.
int64_t lambda_billed_ms(int64_t duration_us);

void lambda_render_start(struct buffer *buffer, struct str request_id, struct str version);
void lambda_render_end(struct buffer *buffer, struct str request_id);
void lambda_render_report(struct buffer *buffer, const struct lambda_report *report);
