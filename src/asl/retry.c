// Matching of error names, and delays between attempts.

#include <assert.h>
#include <math.h>

#include "asl/machine.h"

// Source: Amazon States Language, "Error names". Some errors end an execution whatever its
// catchers say; DataLimitExceeded is caught only by its own name.
static bool is_beyond_all(struct str error_name)
{
    return str_equal(error_name, ASL_ERROR_RUNTIME) || str_equal(error_name, ASL_ERROR_DATA_LIMIT);
}

static bool matches(struct str name, struct str error_name)
{
    if (str_equal(error_name, ASL_ERROR_RUNTIME)) return false;
    if (str_equal(name, error_name)) return true;
    if (str_equal(name, ASL_ERROR_ALL)) return !is_beyond_all(error_name);
    if (str_equal(name, ASL_ERROR_TASK_FAILED))
        return !is_beyond_all(error_name) && !str_equal(error_name, ASL_ERROR_TIMEOUT);
    // A heartbeat that is late is a timeout too.
    return str_equal(name, ASL_ERROR_TIMEOUT) && str_equal(error_name, ASL_ERROR_HEARTBEAT_TIMEOUT);
}

bool asl_error_list_matches(const struct asl_error_list *list, struct str error_name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (matches(list->names[i], error_name)) return true;
    }
    return false;
}

// Source: Amazon States Language, "Retrying after error": the interval grows by the rate with each
// attempt, is capped by MaxDelaySeconds, and with jitter is anywhere from nothing up to that.
uint64_t asl_retry_delay_ms(const struct asl_retrier *retrier, uint32_t attempt, double uniform)
{
    assert(attempt >= 1 && uniform >= 0 && uniform < 1);
    if (retrier->interval_seconds == 0) return 0; // Whatever the rate has grown to.
    double seconds = retrier->interval_seconds * pow(retrier->backoff_rate, (double)attempt - 1);
    if (retrier->max_delay_seconds != 0 && seconds > retrier->max_delay_seconds)
        seconds = retrier->max_delay_seconds;
    // No interval may pass the largest number of seconds that a definition can name.
    if (!(seconds < ASL_SECONDS_MAX)) seconds = ASL_SECONDS_MAX;
    if (retrier->jitter_strategy == ASL_JITTER_FULL) seconds *= uniform;
    return (uint64_t)(seconds * 1000);
}
