// The envelope, in the order of members that the service has.

#include "events/event.h"

#include "base/clock.h"

enum { SECONDS_SIZE = 19 }; // "2026-01-31T12:00:00" of CLOCK_ISO_SIZE.

void events_envelope_begin(struct json_writer *writer, const struct events_envelope *envelope,
                           const struct json *resources)
{
    char time[CLOCK_ISO_SIZE];
    clock_render_iso(envelope->time_unix_ms, time);
    time[SECONDS_SIZE] = 'Z';
    json_writer_begin_object(writer);
    json_writer_string_member(writer, STR("version"), STR("0"));
    json_writer_string_member(writer, STR("id"), envelope->id);
    json_writer_string_member(writer, STR("detail-type"), envelope->detail_type);
    json_writer_string_member(writer, STR("source"), envelope->source);
    json_writer_string_member(writer, STR("account"), envelope->account);
    json_writer_string_member(writer, STR("time"), (struct str){time, SECONDS_SIZE + 1});
    json_writer_string_member(writer, STR("region"), envelope->region);
    json_writer_value_member(writer, STR("resources"),
                             resources == NULL ? &json_empty_array : resources);
    json_writer_name(writer, STR("detail"));
}

void events_envelope_end(struct json_writer *writer)
{
    json_writer_end_object(writer);
}
