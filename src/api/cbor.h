// CBOR (RFC 8949), as far as the protocol rpc-v2-cbor needs it: JSON values in, JSON values out.
//
// Tagged times become numbers when they are read; when they are written, numbers in members named
// Timestamp and Timestamps are tagged as times.

#pragma once

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/str.h"
#include "json/json.h"

enum { CBOR_DEPTH_MAX = 64 };

// Texts point into `bytes` where they can.
//
// Returns STATUS_OK, STATUS_INVALID (malformed, too deep, a key that is no text) or
// STATUS_NO_MEMORY.
MUST_USE enum status cbor_decode(struct arena *arena, struct str bytes, struct json *ret_value);

void cbor_encode(struct buffer *buffer, const struct json *value);
