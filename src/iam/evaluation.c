// What the caller put into the context wins; what follows from the subject and the time is found by
// name, and put together only when asked for.

#include "iam/evaluation.h"

#include <stdio.h>

static bool is_key(struct str key, struct str name)
{
    return str_equal_ignoring_case(key, name);
}

static bool find_user_id(struct iam_evaluation *evaluation, struct str *ret_value)
{
    const struct iam_subject *subject = evaluation->subject;
    if (subject->id.size == 0) return false;
    if (subject->kind != IAM_SUBJECT_ASSUMED_ROLE) {
        *ret_value = subject->id;
        return true;
    }
    struct str session = evaluation->request->session_name;
    size_t size = subject->id.size + 1 + session.size;
    if (size > sizeof(evaluation->user_id)) return false;
    memcpy(evaluation->user_id, subject->id.data, subject->id.size);
    evaluation->user_id[subject->id.size] = ':';
    if (session.size > 0) {
        memcpy(evaluation->user_id + subject->id.size + 1, session.data, session.size);
    }
    *ret_value = (struct str){evaluation->user_id, size};
    return true;
}

static bool find_tag(const struct iam_subject *subject, struct str tag_key, struct str *ret_value)
{
    for (size_t i = 0; i < subject->tag_count; i++) {
        if (!is_key(subject->tags[i].key, tag_key)) continue;
        *ret_value = subject->tags[i].value;
        return true;
    }
    return false;
}

static struct str subject_type(const struct iam_subject *subject)
{
    switch (subject->kind) {
    case IAM_SUBJECT_ANONYMOUS: return STR("Anonymous");
    case IAM_SUBJECT_ASSUMED_ROLE: return STR("AssumedRole");
    case IAM_SUBJECT_USER: return STR("User");
    case IAM_SUBJECT_SERVICE: return STR("AWSService");
    }
    return (struct str){0};
}

static bool find_time(struct iam_evaluation *evaluation, struct str key, struct str *ret_value)
{
    int64_t now_unix_ms = evaluation->request->now_unix_ms;
    if (is_key(key, STR("aws:CurrentTime"))) {
        clock_render_iso(now_unix_ms, evaluation->current_time);
        *ret_value = (struct str){evaluation->current_time, CLOCK_ISO_SIZE};
        return true;
    }
    if (!is_key(key, STR("aws:EpochTime"))) return false;
    int size = snprintf(evaluation->epoch_time, sizeof(evaluation->epoch_time), "%lld",
                        (long long)(now_unix_ms / 1000));
    *ret_value = (struct str){evaluation->epoch_time, (size_t)size};
    return true;
}

static bool find_derived(struct iam_evaluation *evaluation, struct str key, struct str *ret_value)
{
    static const struct str tag_prefix = STR_INIT("aws:PrincipalTag/");
    const struct iam_subject *subject = evaluation->subject;
    struct str value = {0};
    if (key.size > tag_prefix.size && is_key(str_slice(key, 0, tag_prefix.size), tag_prefix)) {
        return find_tag(subject, str_skip(key, tag_prefix.size), ret_value);
    }
    if (is_key(key, STR("aws:userid"))) return find_user_id(evaluation, ret_value);
    if (is_key(key, STR("aws:PrincipalArn"))) value = subject->arn;
    if (is_key(key, STR("aws:PrincipalAccount"))) value = subject->account;
    if (is_key(key, STR("aws:PrincipalType"))) value = subject_type(subject);
    if (is_key(key, STR("aws:username")) && subject->kind == IAM_SUBJECT_USER) {
        value = subject->name;
    }
    if (is_key(key, STR("aws:PrincipalServiceName")) && subject->kind == IAM_SUBJECT_SERVICE) {
        value = subject->name;
    }
    if (value.size == 0) return find_time(evaluation, key, ret_value);
    *ret_value = value;
    return true;
}

bool iam_evaluation_find(struct iam_evaluation *evaluation, struct str key,
                         struct iam_key_values *ret_values)
{
    const struct iam_request *request = evaluation->request;
    for (size_t i = 0; i < request->context_count; i++) {
        const struct iam_context_entry *entry = &request->context[i];
        if (!is_key(entry->key, key)) continue;
        ret_values->values = entry->values;
        ret_values->count = entry->value_count;
        return entry->value_count > 0;
    }
    if (!find_derived(evaluation, key, &ret_values->single)) return false;
    ret_values->values = &ret_values->single;
    ret_values->count = 1;
    return true;
}

bool iam_evaluation_find_variable(void *evaluation, struct str key, struct str *ret_value)
{
    struct iam_key_values found;
    if (!iam_evaluation_find(evaluation, key, &found) || found.count != 1) return false;
    *ret_value = found.values[0];
    return true;
}
