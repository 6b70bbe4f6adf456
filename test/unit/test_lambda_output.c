// What a sandbox prints, cut into records; and the service's own records.

#include "base/arena.h"
#include "base/random.h"
#include "lambda/output.h"
#include "test/lib/test.h"

// Records joined by '|'.
struct capture {
    struct buffer text;
    size_t count;
};

static void on_record(void *context, struct str record)
{
    struct capture *capture = context;
    buffer_append_str(&capture->text, record);
    buffer_append_byte(&capture->text, '|');
    capture->count++;
}

// Feed `bytes` in pieces of `piece` and flush.
static void feed(struct capture *capture, struct str bytes, size_t piece)
{
    struct lambda_output output;
    *capture = (struct capture){.count = 0};
    buffer_init(&capture->text, MIB(16));
    lambda_output_init(&output, on_record, capture);
    while (bytes.size > 0) {
        lambda_output_take(&output, str_slice(bytes, 0, piece));
        bytes = str_skip(bytes, piece);
    }
    lambda_output_flush(&output);
    lambda_output_release(&output);
}

static void check_records(struct str bytes, const char *expected)
{
    for (size_t piece = 1; piece <= bytes.size; piece++) {
        struct capture capture;
        feed(&capture, bytes, piece);
        CHECK_STR(buffer_str(&capture.text), str_from_c(expected));
        buffer_release(&capture.text);
    }
}

TEST(lines_and_frames_become_records_however_they_arrive)
{
    check_records(STR("one\ntwo\n"), "one\n|two\n|");
    check_records(STR("no end"), "no end|");
    check_records(STR("\n\n"), "\n|\n|");
    check_records(STR("\0GLF\x05\0\0\0a\nb\ncrest\n"), "a\nb\nc|rest\n|");
    check_records(STR("begun\0GLF\x02\0\0\0okgo\n"), "begun|ok|go\n|");
    check_records(STR("\0GLF\0\0\0\0x\n"), "x\n|");
}

TEST(bytes_that_only_look_like_frames_are_text)
{
    struct capture capture;
    static const struct str texts[] = {STR_INIT("a\0b\n"), STR_INIT("\0GL\n"),
                                       STR_INIT("\0GLF\xff\xff\xff\xffx\n"),
                                       STR_INIT("\0\0\0GLX\n")};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        feed(&capture, texts[i], 100);
        // Nothing is lost, whatever the records.
        size_t size = capture.text.size - capture.count;
        CHECK(size == texts[i].size);
        buffer_release(&capture.text);
    }
}

TEST(very_long_lines_become_several_records)
{
    struct capture capture;
    struct arena CLEANUP(arena_release) arena;
    size_t size = 3 * (size_t)LAMBDA_RECORD_SIZE_MAX + 10;
    arena_init(&arena, MIB(8));
    char *line = arena_alloc(&arena, size);
    REQUIRE(line != NULL);
    memset(line, 'x', size);
    feed(&capture, (struct str){line, size}, 8192);
    CHECK(capture.count == 4 && capture.text.size == size + 4);
    buffer_release(&capture.text);
}

TEST(arbitrary_output_is_never_lost_and_never_hangs)
{
    struct random random;
    for (uint64_t seed = 0; seed < 200; seed++) {
        static const char alphabet[] = "\0GLF\n\x01\x02x";
        char bytes[600];
        struct capture capture;
        random_init_seed(&random, seed);
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = alphabet[random_u64(&random) % (sizeof(alphabet) - 1)];
        feed(&capture, (struct str){bytes, sizeof(bytes)}, 1 + random_u64(&random) % 50);
        CHECK(capture.text.size - capture.count <= sizeof(bytes));
        buffer_release(&capture.text);
    }
}

TEST(records_of_the_service_read_as_in_the_service)
{
    struct buffer CLEANUP(buffer_release) line;
    buffer_init(&line, KIB(4));
    lambda_render_start(&line, STR("8f5"), STR("$LATEST"));
    CHECK_STR(buffer_str(&line), STR("START RequestId: 8f5 Version: $LATEST\n"));
    buffer_clear(&line);
    lambda_render_end(&line, STR("8f5"));
    CHECK_STR(buffer_str(&line), STR("END RequestId: 8f5\n"));
    buffer_clear(&line);
    struct lambda_report report = {.request_id = STR("8f5"),
                                   .duration_us = 1234567,
                                   .memory_mb = 128,
                                   .memory_used_bytes = MIB(37) + 1,
                                   .init_us = 98765};
    lambda_render_report(&line, &report);
    CHECK_STR(
        buffer_str(&line),
        STR("REPORT RequestId: 8f5\tDuration: 1234.57 ms\tBilled Duration: 1235 ms\tMemory Size: "
            "128 MB\tMax Memory Used: 38 MB\tInit Duration: 98.77 ms\t\n"));
    buffer_clear(&line);
    report.init_us = -1;
    report.duration_us = 3000000;
    report.status = "timeout";
    lambda_render_report(&line, &report);
    CHECK_STR(
        buffer_str(&line),
        STR("REPORT RequestId: 8f5\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: "
            "128 MB\tMax Memory Used: 38 MB\tStatus: timeout\t\n"));
    CHECK(lambda_billed_ms(0) == 1 && lambda_billed_ms(1000) == 1 && lambda_billed_ms(1001) == 2);
}
