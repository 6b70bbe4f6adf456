// One pass over the events of the YAML parser, writing JSON as they come.
//
// A collection being written is a frame of a stack. An anchor remembers which part of the JSON its
// node became; an alias copies that part, and the marks in it, so that what is wrong inside shows
// where it is written.

#include "yaml/yaml.h"

#include <libfyaml.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/map.h"
#include "json/json.h"
#include "yaml/scalar.h"

enum { READER_ARENA_LIMIT = 256 << 20 };

struct frame {
    bool is_mapping;
    bool awaits_value; // Of a mapping: its last name has none yet.
    bool is_tagged;    // An object is written around it.
    bool was_tagged;   // Of a name.
    uint32_t count;
    uint32_t number; // Of the collection, for its names.
    struct anchor *anchor;
};

struct anchor {
    struct str name;
    size_t json_start, json_end;
    size_t mark_start, mark_end;
    bool is_done;
};

struct reader {
    struct arena *arena;  // For messages.
    struct arena scratch; // Anchors and names.
    struct str yaml;
    struct buffer json;
    struct buffer marks; // Of struct yaml_mark.
    struct map anchors;
    struct map names; // Number of the collection and name.
    struct frame frames[YAML_DEPTH_MAX + 1];
    uint32_t depth;
    uint32_t collection_count;
    struct yaml_error *error;
};

// What is common to the nodes of all kinds.
struct node {
    struct fy_token *tag;
    struct fy_token *anchor;
    struct yaml_mark mark;
};

// ---------------------------------------------------------------------------------------------
// Problems

static enum status refuse(struct reader *reader, const struct yaml_mark *mark, const char *format,
                          ...) PRINTF(3, 4);
static enum status refuse(struct reader *reader, const struct yaml_mark *mark, const char *format,
                          ...)
{
    va_list args;
    va_start(args, format);
    *reader->error = (struct yaml_error){
        .offset = mark->start,
        .size = mark->end - mark->start,
        .message = arena_vprintf(reader->arena, format, args),
    };
    va_end(args);
    return STATUS_INVALID;
}

static size_t line_offset(struct str text, size_t line)
{
    struct str rest = text;
    for (size_t i = 1; i < line && rest.data != NULL; i++)
        str_cut(&rest, '\n');
    return rest.data == NULL ? text.size : (size_t)(rest.data - text.data);
}

// The parser counts columns in characters, from 1.
static size_t place_offset(struct str text, int line, int column)
{
    size_t offset = line_offset(text, line < 1 ? 1 : (size_t)line);
    struct str rest = str_skip(text, offset);
    for (int i = 1; i < column && rest.size > 0 && rest.data[0] != '\n'; i++)
        encoding_utf8_take(&rest);
    return text.size - rest.size;
}

static enum status refuse_syntax(struct reader *reader, struct fy_diag *diag)
{
    void *previous = NULL;
    struct fy_diag_error *error;
    *reader->error =
        (struct yaml_error){.offset = reader->yaml.size, .message = STR("this is not YAML")};
    while ((error = fy_diag_errors_iterate(diag, &previous)) != NULL) {
        if (error->type != FYET_ERROR) continue;
        *reader->error = (struct yaml_error){
            .offset = place_offset(reader->yaml, error->line, error->column),
            .message = arena_printf(reader->arena, "%s", error->msg),
        };
        break;
    }
    return STATUS_INVALID;
}

// ---------------------------------------------------------------------------------------------
// Writing

static struct str token_text(struct fy_token *token)
{
    size_t size = 0;
    const char *data = token == NULL ? NULL : fy_token_get_text(token, &size);
    return data == NULL ? STR("") : (struct str){data, size};
}

static size_t mark_count(const struct reader *reader)
{
    return reader->marks.size / sizeof(struct yaml_mark);
}

static void add_mark(struct reader *reader, struct yaml_mark mark)
{
    mark.json_offset = reader->json.size;
    buffer_append(&reader->marks, &mark, sizeof(mark));
}

// What stands before a node; its place in the frame around it.
static void begin_node(struct reader *reader)
{
    struct frame *frame = &reader->frames[reader->depth];
    if (frame->is_mapping && frame->awaits_value)
        buffer_append_byte(&reader->json, ':');
    else if (frame->count > 0)
        buffer_append_byte(&reader->json, ',');
}

static void end_node(struct reader *reader)
{
    struct frame *frame = &reader->frames[reader->depth];
    frame->awaits_value = frame->is_mapping && !frame->awaits_value;
    if (!frame->awaits_value) frame->count++;
}

static bool is_name(const struct reader *reader)
{
    const struct frame *frame = &reader->frames[reader->depth];
    return frame->is_mapping && !frame->awaits_value;
}

// Tags beyond YAML's own stand for objects: {"Fn::Sub": …}.
static bool begin_tag(struct reader *reader, const struct node *node)
{
    struct str tag = token_text(node->tag);
    if (tag.size < 2 || tag.data[0] != '!' || tag.data[1] == '!') return false;
    struct str name = str_skip(tag, 1);
    bool is_plain = str_is(name, "Ref") || str_is(name, "Condition");
    add_mark(reader, node->mark);
    buffer_append_byte(&reader->json, '{');
    add_mark(reader, node->mark);
    struct str full =
        is_plain ? name : arena_printf(&reader->scratch, "Fn::%" STR_FORMAT, STR_ARGS(name));
    json_render_string(&reader->json, full);
    buffer_append_byte(&reader->json, ':');
    return true;
}

static struct anchor *begin_anchor(struct reader *reader, const struct node *node)
{
    if (node->anchor == NULL) return NULL;
    struct anchor *anchor = ARENA_NEW(&reader->scratch, struct anchor);
    if (anchor == NULL ||
        !arena_copy_str(&reader->scratch, token_text(node->anchor), &anchor->name))
        return NULL;
    anchor->json_start = reader->json.size;
    anchor->mark_start = mark_count(reader);
    if (!map_set(&reader->anchors, anchor->name, anchor)) reader->scratch.is_exhausted = true;
    return anchor;
}

static void end_anchor(struct reader *reader, struct anchor *anchor)
{
    if (anchor == NULL) return;
    anchor->json_end = reader->json.size;
    anchor->mark_end = mark_count(reader);
    anchor->is_done = true;
}

// ---------------------------------------------------------------------------------------------
// Nodes

// A name may stand once in its mapping.
static enum status check_name(struct reader *reader, const struct yaml_mark *mark, struct str name)
{
    uint32_t number = reader->frames[reader->depth].number;
    struct str key = arena_printf(&reader->scratch, "%u %" STR_FORMAT, number, STR_ARGS(name));
    if (reader->scratch.is_exhausted) return STATUS_NO_MEMORY;
    if (map_find(&reader->names, key) != NULL)
        return refuse(reader, mark, "the name '%" STR_FORMAT "' stands twice in this mapping",
                      STR_ARGS(str_slice(name, 0, 200)));
    return map_set(&reader->names, key, reader) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum yaml_style style_of(struct fy_token *value)
{
    switch (fy_token_scalar_style(value)) {
    case FYSS_SINGLE_QUOTED: return YAML_SINGLE_QUOTED;
    case FYSS_DOUBLE_QUOTED: return YAML_DOUBLE_QUOTED;
    case FYSS_LITERAL: return YAML_LITERAL;
    case FYSS_FOLDED: return YAML_FOLDED;
    case FYSS_ANY:
    case FYSS_PLAIN:
    case FYSS_MAX: break;
    }
    return YAML_PLAIN;
}

static enum status read_scalar(struct reader *reader, struct node *node, struct fy_token *value)
{
    struct str text = token_text(value);
    bool is_tagged = false, is_a_name = is_name(reader);
    begin_node(reader);
    struct anchor *anchor = begin_anchor(reader, node);
    if (is_a_name) {
        enum status status = check_name(reader, &node->mark, text);
        if (status != STATUS_OK) return status;
    } else {
        is_tagged = begin_tag(reader, node);
    }
    add_mark(reader, node->mark);
    // YAML's own tags but that of strings ("tag:yaml.org,2002:int") leave the type to the text.
    struct str tag = token_text(node->tag);
    bool is_typed = str_starts_with(tag, STR("tag:")) && !str_ends_with(tag, STR(":str"));
    bool is_text = is_a_name || node->mark.style != YAML_PLAIN || (node->tag != NULL && !is_typed);
    if (is_text || !yaml_scalar_render_plain(&reader->json, text))
        json_render_string(&reader->json, text);
    if (is_tagged) buffer_append_byte(&reader->json, '}');
    end_anchor(reader, anchor);
    end_node(reader);
    return STATUS_OK;
}

static enum status begin_collection(struct reader *reader, struct node *node, bool is_mapping)
{
    if (is_name(reader)) return refuse(reader, &node->mark, "a name in a mapping must be a scalar");
    if (reader->depth == YAML_DEPTH_MAX)
        return refuse(reader, &node->mark, "nested more than %d levels deep", YAML_DEPTH_MAX);
    begin_node(reader);
    struct frame frame = {
        .is_mapping = is_mapping,
        .number = ++reader->collection_count,
        .anchor = begin_anchor(reader, node),
    };
    frame.is_tagged = begin_tag(reader, node);
    add_mark(reader, node->mark);
    buffer_append_byte(&reader->json, is_mapping ? '{' : '[');
    reader->frames[++reader->depth] = frame;
    return STATUS_OK;
}

static void end_collection(struct reader *reader)
{
    const struct frame *frame = &reader->frames[reader->depth--];
    buffer_append_byte(&reader->json, frame->is_mapping ? '}' : ']');
    if (frame->is_tagged) buffer_append_byte(&reader->json, '}');
    end_anchor(reader, frame->anchor);
    end_node(reader);
}

static enum status copy_alias(struct reader *reader, const struct anchor *anchor)
{
    size_t json_size = anchor->json_end - anchor->json_start;
    size_t count = anchor->mark_end - anchor->mark_start;
    size_t target = reader->json.size;
    // Reserve first: the source is in the same buffer.
    if (buffer_reserve(&reader->json, json_size) == NULL ||
        buffer_reserve(&reader->marks, count * sizeof(struct yaml_mark)) == NULL)
        return STATUS_OVER_LIMIT;
    buffer_append(&reader->json, reader->json.data + anchor->json_start, json_size);
    for (size_t i = 0; i < count; i++) {
        struct yaml_mark mark;
        memcpy(&mark, reader->marks.data + (anchor->mark_start + i) * sizeof(mark), sizeof(mark));
        mark.json_offset = mark.json_offset - anchor->json_start + target;
        buffer_append(&reader->marks, &mark, sizeof(mark));
    }
    return STATUS_OK;
}

static enum status read_alias(struct reader *reader, const struct yaml_mark *mark, struct str name)
{
    const struct anchor *anchor = map_find(&reader->anchors, name);
    if (anchor == NULL)
        return refuse(reader, mark, "there is no anchor '&%" STR_FORMAT "' before this alias",
                      STR_ARGS(str_slice(name, 0, 200)));
    if (!anchor->is_done) return refuse(reader, mark, "an alias stands within its own anchor");
    if (is_name(reader)) return refuse(reader, mark, "an alias cannot be a name in a mapping");
    begin_node(reader);
    if (copy_alias(reader, anchor) != STATUS_OK)
        return refuse(reader, mark, "aliases make this document larger than %d bytes",
                      YAML_JSON_SIZE_MAX);
    end_node(reader);
    return STATUS_OK;
}

// ---------------------------------------------------------------------------------------------
// Events

static struct yaml_mark mark_of(struct reader *reader, struct fy_event *event)
{
    const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
    size_t limit = reader->yaml.size;
    // What is empty has no marks: it stands behind what came before.
    size_t from = start == NULL ? SIZE_MAX : start->input_pos;
    size_t to = end == NULL ? from : end->input_pos;
    if (start == NULL) {
        size_t count = mark_count(reader);
        from = to = 0;
        if (count > 0) {
            struct yaml_mark last;
            memcpy(&last, reader->marks.data + (count - 1) * sizeof(last), sizeof(last));
            from = last.start;
            to = last.end;
        }
    }
    if (from > limit) from = limit;
    if (to > limit) to = limit;
    return (struct yaml_mark){.start = from, .end = to < from ? from : to};
}

static enum status read_event(struct reader *reader, struct fy_event *event)
{
    struct node node = {.mark = mark_of(reader, event)};
    switch (event->type) {
    case FYET_SCALAR:
        node.tag = event->scalar.tag;
        node.anchor = event->scalar.anchor;
        node.mark.style = style_of(event->scalar.value);
        // The parser's marks leave out the quotes.
        if ((node.mark.style == YAML_SINGLE_QUOTED || node.mark.style == YAML_DOUBLE_QUOTED) &&
            node.mark.start > 0 && node.mark.end < reader->yaml.size) {
            node.mark.start--;
            node.mark.end++;
        }
        return read_scalar(reader, &node, event->scalar.value);
    case FYET_MAPPING_START:
        node.tag = event->mapping_start.tag;
        node.anchor = event->mapping_start.anchor;
        return begin_collection(reader, &node, true);
    case FYET_SEQUENCE_START:
        node.tag = event->sequence_start.tag;
        node.anchor = event->sequence_start.anchor;
        return begin_collection(reader, &node, false);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: end_collection(reader); return STATUS_OK;
    case FYET_ALIAS: return read_alias(reader, &node.mark, token_text(event->alias.anchor));
    case FYET_DOCUMENT_START:
        if (reader->json.size > 0)
            return refuse(reader, &node.mark, "a file holds one document; this begins another");
        return STATUS_OK;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END: break;
    }
    return STATUS_OK;
}

static enum status check_limits(struct reader *reader, const struct yaml_mark *mark)
{
    if (reader->scratch.is_exhausted) return STATUS_NO_MEMORY;
    if (!reader->json.is_failed && !reader->marks.is_failed) return STATUS_OK;
    return refuse(reader, mark, "this document is too large");
}

static enum status read_events(struct reader *reader, struct fy_parser *parser,
                               struct fy_diag *diag)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        struct fy_event *event = fy_parser_parse(parser);
        if (event == NULL) break;
        struct yaml_mark mark = mark_of(reader, event);
        status = read_event(reader, event);
        if (status == STATUS_OK) status = check_limits(reader, &mark);
        fy_parser_event_free(parser, event);
    }
    if (status == STATUS_OK && fy_parser_get_stream_error(parser))
        status = refuse_syntax(reader, diag);
    return status;
}

static void drop_output(struct fy_diag *diag, void *user, const char *text, size_t size)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)size;
}

static enum status parse(struct reader *reader)
{
    const struct fy_diag_cfg diag_config = {.output_fn = drop_output, .level = FYET_ERROR};
    struct fy_diag *diag = fy_diag_create(&diag_config);
    if (diag == NULL) return STATUS_NO_MEMORY;
    fy_diag_set_collect_errors(diag, true);
    const struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT,
        .diag = diag,
    };
    struct fy_parser *parser = fy_parser_create(&config);
    enum status status = STATUS_NO_MEMORY;
    if (parser != NULL && fy_parser_set_string(parser, reader->yaml.data, reader->yaml.size) == 0)
        status = read_events(reader, parser, diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

static enum status keep_document(struct reader *reader, struct yaml_document *ret_document)
{
    struct yaml_document document = {.yaml = reader->yaml, .mark_count = mark_count(reader)};
    struct yaml_mark *marks =
        arena_alloc_array(reader->arena, document.mark_count, sizeof(struct yaml_mark));
    if (marks == NULL || !buffer_copy_to_arena(&reader->json, reader->arena, &document.json))
        return STATUS_NO_MEMORY;
    if (reader->marks.size > 0) memcpy(marks, reader->marks.data, reader->marks.size);
    document.marks = marks;
    *ret_document = document;
    return STATUS_OK;
}

enum status yaml_read(struct arena *arena, struct str yaml, struct yaml_document *ret_document,
                      struct yaml_error *reterr_error)
{
    static const struct yaml_mark nowhere = {0};
    struct yaml_error error = {0};
    struct reader reader = {.arena = arena, .yaml = yaml, .error = &error};
    enum status status = STATUS_OK;
    arena_init(&reader.scratch, READER_ARENA_LIMIT);
    buffer_init(&reader.json, YAML_JSON_SIZE_MAX);
    buffer_init(&reader.marks, YAML_MARKS_MAX * sizeof(struct yaml_mark));
    map_init(&reader.anchors);
    map_init(&reader.names);
    size_t malformed = encoding_utf8_check(yaml);
    if (yaml.size > YAML_TEXT_SIZE_MAX) {
        status = refuse(&reader, &nowhere, "larger than %d bytes", YAML_TEXT_SIZE_MAX);
    } else if (malformed != SIZE_MAX) {
        const struct yaml_mark mark = {.start = malformed, .end = malformed + 1};
        status = refuse(&reader, &mark, "this byte is not UTF-8");
    } else if (yaml.size > 0) {
        status = parse(&reader);
    }
    if (status == STATUS_OK) status = keep_document(&reader, ret_document);
    if (status == STATUS_INVALID) *reterr_error = error;
    map_release(&reader.anchors);
    map_release(&reader.names);
    buffer_release(&reader.json);
    buffer_release(&reader.marks);
    arena_release(&reader.scratch);
    return status;
}

// ---------------------------------------------------------------------------------------------
// The way back

// Bytes of text that the bytes of a JSON string up to `size` stand for; `raw` begins with its
// quote.
static size_t count_text(struct str raw, size_t size)
{
    size_t count = 0;
    for (size_t i = 1; i < size && i < raw.size; count++) {
        // The renderer escapes characters below U+0080 only.
        if (raw.data[i] != '\\')
            i++;
        else
            i += i + 1 < raw.size && raw.data[i + 1] == 'u' ? 6 : 2;
        if (i > size) break;
    }
    return count;
}

struct yaml_span yaml_find_source(const struct yaml_document *document, size_t json_offset)
{
    // The last mark at or before the offset.
    size_t low = 0, high = document->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (document->marks[middle].json_offset <= json_offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return (struct yaml_span){0, 0};
    const struct yaml_mark *mark = &document->marks[low - 1];
    struct str raw = str_skip(document->json, mark->json_offset);
    if (raw.size == 0 || raw.data[0] != '"') return (struct yaml_span){mark->start, mark->end};
    size_t within = json_offset - mark->json_offset;
    bool is_quoted = mark->style == YAML_SINGLE_QUOTED || mark->style == YAML_DOUBLE_QUOTED;
    if (within == 0)
        return (struct yaml_span){mark->start, is_quoted ? mark->start + 1 : mark->end};
    return yaml_scalar_find(document->yaml, mark, count_text(raw, within));
}
