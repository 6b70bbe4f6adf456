// The calendar, both ways.

#include "base/clock.h"
#include "test/lib/test.h"

static struct str iso(int64_t unix_ms)
{
    static char text[CLOCK_ISO_SIZE];
    clock_render_iso(unix_ms, text);
    return (struct str){text, CLOCK_ISO_SIZE};
}

TEST(clock_renders_known_times)
{
    CHECK_STR(iso(0), STR("1970-01-01T00:00:00.000Z"));
    CHECK_STR(iso(951782400123), STR("2000-02-29T00:00:00.123Z"));
    CHECK_STR(iso(-1), STR("1969-12-31T23:59:59.999Z"));
    CHECK_STR(iso(253402300799999), STR("9999-12-31T23:59:59.999Z"));
}

TEST(clock_parses_what_it_renders)
{
    for (int64_t ms = -62135596800000; ms < 253402300799999; ms += 86399999983) {
        int64_t parsed = 0;
        CHECK(clock_parse_rfc3339(iso(ms), &parsed, NULL));
        CHECK(parsed == ms);
    }
}

TEST(clock_parses_offsets_and_fractions)
{
    int64_t ms;
    int32_t nanos;
    REQUIRE(clock_parse_rfc3339(STR("2016-03-05T21:29:29.243167252+02:00"), &ms, &nanos));
    CHECK_STR(iso(ms), STR("2016-03-05T19:29:29.243Z"));
    CHECK(nanos == 243167252);
}

TEST(clock_refuses_what_is_not_rfc3339)
{
    static const char *const bad[] = {
        "",
        "2016-03-05",
        "2016-03-05t21:29:29Z",
        "2016-03-05T21:29:29",
        "2016-02-30T21:29:29Z",
        "2016-03-05T24:00:00Z",
        "2016-03-05T21:29:29.Z",
        "2016-03-05T21:29:29.1234567890Z",
        "2016-03-05T21:29:29+0200",
        "2016-03-05T21:29:29Z ",
        "2016-13-05T21:29:29Z",
    };
    int64_t ms;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CHECK(!clock_parse_rfc3339(str_from_c(bad[i]), &ms, NULL));
}

TEST(clock_virtual_time_moves_only_forward)
{
    struct clock clock;
    clock_init_virtual(&clock, 1000);
    clock_advance(&clock, 500);
    CHECK(clock_unix_ms(&clock) == 1000);
    clock_advance(&clock, 2000);
    CHECK(clock_unix_ms(&clock) == 2000);
}
