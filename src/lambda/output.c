// The pending bytes are looked at again with each piece; since complete records leave at once, what
// is looked at is the beginning of one record.

#include "lambda/output.h"

#include <assert.h>

void lambda_output_init(struct lambda_output *output, lambda_record_fn on_record, void *context)
{
    *output = (struct lambda_output){.on_record = on_record, .context = context};
    buffer_init(&output->pending, LAMBDA_FRAME_SIZE_MAX + LAMBDA_FRAME_HEAD_SIZE);
}

static const char frame_mark[4] = {'\0', 'G', 'L', 'F'};

// What the front of `bytes` is.
enum front { FRONT_NEEDS_MORE, FRONT_RECORD, FRONT_FRAME };

static enum front look_at_frame(struct str bytes, size_t *ret_size)
{
    const unsigned char *head = (const unsigned char *)bytes.data;
    if (bytes.size < LAMBDA_FRAME_HEAD_SIZE) return FRONT_NEEDS_MORE;
    size_t size =
        (size_t)head[4] | (size_t)head[5] << 8 | (size_t)head[6] << 16 | (size_t)head[7] << 24;
    if (size > LAMBDA_FRAME_SIZE_MAX) {
        *ret_size = sizeof(frame_mark); // Somebody else's bytes.
        return FRONT_RECORD;
    }
    *ret_size = LAMBDA_FRAME_HEAD_SIZE + size;
    return bytes.size < *ret_size ? FRONT_NEEDS_MORE : FRONT_FRAME;
}

// Where the first frame may begin: at a NUL that the mark follows, as far as it is there.
static size_t find_frame(struct str bytes)
{
    for (size_t from = 0; from < bytes.size;) {
        size_t at = str_find_byte(str_skip(bytes, from), '\0');
        if (at == SIZE_MAX) return SIZE_MAX;
        struct str rest = str_slice(bytes, from + at, sizeof(frame_mark));
        if (memcmp(rest.data, frame_mark, rest.size) == 0) return from + at;
        from += at + 1;
    }
    return SIZE_MAX;
}

// `ret_size` is the size of the record or frame at the front.
static enum front look(struct str bytes, size_t *ret_size)
{
    struct str limited = str_slice(bytes, 0, LAMBDA_RECORD_SIZE_MAX);
    size_t line_feed = str_find_byte(limited, '\n');
    struct str line = line_feed == SIZE_MAX ? limited : str_slice(bytes, 0, line_feed);
    size_t frame = find_frame(line);
    if (frame == 0 && line.size < sizeof(frame_mark) && line_feed == SIZE_MAX)
        return FRONT_NEEDS_MORE;
    if (frame == 0 && str_slice(bytes, 0, sizeof(frame_mark)).size == sizeof(frame_mark) &&
        memcmp(bytes.data, frame_mark, sizeof(frame_mark)) == 0)
        return look_at_frame(bytes, ret_size);
    if (frame != SIZE_MAX && frame > 0) {
        *ret_size = frame;
        return FRONT_RECORD;
    }
    if (line_feed != SIZE_MAX) {
        *ret_size = line_feed + 1;
        return FRONT_RECORD;
    }
    *ret_size = limited.size;
    return limited.size == LAMBDA_RECORD_SIZE_MAX ? FRONT_RECORD : FRONT_NEEDS_MORE;
}

// Give out complete records; returns how many bytes they were.
static size_t give_out(struct lambda_output *output, struct str bytes)
{
    size_t done = 0, size = 0;
    while (done < bytes.size) {
        struct str rest = str_skip(bytes, done);
        enum front front = look(rest, &size);
        if (front == FRONT_NEEDS_MORE) break;
        size_t head_size = front == FRONT_FRAME ? LAMBDA_FRAME_HEAD_SIZE : 0;
        if (size > head_size)
            output->on_record(output->context, str_slice(rest, head_size, size - head_size));
        done += size;
    }
    return done;
}

void lambda_output_take(struct lambda_output *output, struct str bytes)
{
    while (bytes.size > 0) {
        if (output->pending.size == 0) {
            size_t done = give_out(output, bytes);
            bytes = str_skip(bytes, done);
        }
        // The limit of the buffer holds the longest beginning of a record.
        size_t room = output->pending.limit_bytes - output->pending.size;
        struct str part = str_slice(bytes, 0, room);
        buffer_append_str(&output->pending, part);
        if (output->pending.is_failed) { // No memory: what is pending is lost.
            buffer_clear(&output->pending);
            return;
        }
        bytes = str_skip(bytes, part.size);
        buffer_drop_front(&output->pending, give_out(output, buffer_str(&output->pending)));
        assert(bytes.size == 0 || output->pending.size < output->pending.limit_bytes);
    }
}

void lambda_output_flush(struct lambda_output *output)
{
    if (output->pending.size > 0) output->on_record(output->context, buffer_str(&output->pending));
    buffer_clear(&output->pending);
}

void lambda_output_release(struct lambda_output *output)
{
    buffer_release(&output->pending);
}

// ---------------------------------------------------------------------------------------------

int64_t lambda_billed_ms(int64_t duration_us)
{
    int64_t billed = (duration_us + 999) / 1000;
    return billed < 1 ? 1 : billed;
}

void lambda_render_start(struct buffer *buffer, struct str request_id, struct str version)
{
    buffer_printf(buffer, "START RequestId: %" STR_FORMAT " Version: %" STR_FORMAT "\n",
                  STR_ARGS(request_id), STR_ARGS(version));
}

void lambda_render_end(struct buffer *buffer, struct str request_id)
{
    buffer_printf(buffer, "END RequestId: %" STR_FORMAT "\n", STR_ARGS(request_id));
}

// "12.34 ms".
static void render_ms(struct buffer *buffer, int64_t us)
{
    int64_t hundredths = (us + 5) / 10;
    buffer_printf(buffer, "%lld.%02lld ms", (long long)(hundredths / 100),
                  (long long)(hundredths % 100));
}

void lambda_render_report(struct buffer *buffer, const struct lambda_report *report)
{
    uint64_t used_mb = (report->memory_used_bytes + MIB(1) - 1) / MIB(1);
    buffer_printf(buffer,
                  "REPORT RequestId: %" STR_FORMAT "\tDuration: ", STR_ARGS(report->request_id));
    render_ms(buffer, report->duration_us);
    buffer_printf(buffer,
                  "\tBilled Duration: %lld ms\tMemory Size: %u MB\tMax Memory Used: %llu MB\t",
                  (long long)lambda_billed_ms(report->duration_us), report->memory_mb,
                  (unsigned long long)used_mb);
    if (report->init_us >= 0) {
        buffer_printf(buffer, "Init Duration: ");
        render_ms(buffer, report->init_us);
        buffer_append_byte(buffer, '\t');
    }
    if (report->status != NULL) buffer_printf(buffer, "Status: %s\t", report->status);
    if (report->error_type.size > 0)
        buffer_printf(buffer, "Error Type: %" STR_FORMAT "\t", STR_ARGS(report->error_type));
    buffer_append_byte(buffer, '\n');
}
