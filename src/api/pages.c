// Page tokens: base64 of a digest of the purpose and the position. The digest ties a token to its
// operation and arguments; it is no secret.

#include "api/api.h"
#include "base/digest.h"
#include "base/encoding.h"

enum { MARK_SIZE = 8 };

static void make_mark(struct str purpose, char ret_mark[static MARK_SIZE])
{
    unsigned char digest[DIGEST_SIZE_MAX];
    digest_compute(DIGEST_SHA256, purpose, digest);
    memcpy(ret_mark, digest, MARK_SIZE);
}

struct str api_page_token(struct arena *arena, struct str purpose, struct str position)
{
    char mark[MARK_SIZE];
    make_mark(purpose, mark);
    struct buffer CLEANUP(buffer_release) bytes, text;
    buffer_init(&bytes, KIB(16));
    buffer_init(&text, KIB(32));
    buffer_append(&bytes, mark, MARK_SIZE);
    buffer_append_str(&bytes, position);
    encoding_base64_encode(&text, buffer_str(&bytes));
    struct str token = STR("");
    return buffer_copy_to_arena(&text, arena, &token) ? token : STR("");
}

bool api_page_position(struct arena *arena, struct str purpose, struct str token,
                       struct str *ret_position)
{
    char mark[MARK_SIZE];
    struct str bytes;
    make_mark(purpose, mark);
    if (!encoding_base64_decode(arena, token, &bytes)) return false;
    if (!str_starts_with(bytes, (struct str){mark, MARK_SIZE})) return false;
    *ret_position = str_skip(bytes, MARK_SIZE);
    return true;
}
