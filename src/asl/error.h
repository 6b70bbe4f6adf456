// Failures of the user's workflow. They are data, not faults of this program.

#pragma once

#include "base/str.h"

struct asl_error {
    struct str name;  // "States.Runtime", "MyError"; data NULL when a Fail state gives none.
    struct str cause; // data NULL when there is none.
    // For States.QueryEvaluationError the field that was evaluated, e.g. "Output/result": the
    // engine then records EvaluationFailed. Otherwise data NULL.
    struct str location;
};

// Error names of the States Language that this program raises itself.
#define ASL_ERROR_ALL                  STR("States.ALL")
#define ASL_ERROR_TASK_FAILED          STR("States.TaskFailed")
#define ASL_ERROR_TIMEOUT              STR("States.Timeout")
#define ASL_ERROR_HEARTBEAT_TIMEOUT    STR("States.HeartbeatTimeout")
#define ASL_ERROR_RUNTIME              STR("States.Runtime")
#define ASL_ERROR_DATA_LIMIT           STR("States.DataLimitExceeded")
#define ASL_ERROR_INTRINSIC_FAILURE    STR("States.IntrinsicFailure")
#define ASL_ERROR_QUERY_EVALUATION     STR("States.QueryEvaluationError")
#define ASL_ERROR_EXCEED_TOLERATED     STR("States.ExceedToleratedFailureThreshold")
#define ASL_ERROR_ITEM_READER_FAILED   STR("States.ItemReaderFailed")
#define ASL_ERROR_RESULT_WRITER_FAILED STR("States.ResultWriterFailed")
