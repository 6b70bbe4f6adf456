// The thread for what can block: packages, folders, programs.
//
// A job is embedded in a struct of the caller's; `work` runs on this thread, then `done` on the
// lambda thread. Jobs run one after the other in the order of submission.

#pragma once

#include "base/attributes.h"
#include "base/mailbox.h"
#include "base/status.h"
#include "lambda/language.h"

struct lambda_files;

struct lambda_job {
    struct mail mail;           // Private.
    struct mailbox *reply_to;   // Private.
    struct lambda_files *files; // Private.
    void (*work)(struct lambda_job *job, struct lambda_programs *programs);
    void (*done)(struct lambda_job *job); // May free the job. NULL: the job was freed by `work`.
};

//   reply_to   the lambda thread's mailbox; outlives the jobs
MUST_USE enum status lambda_files_new(struct mailbox *reply_to, struct lambda_files **ret_files);

void lambda_files_submit(struct lambda_files *files, struct lambda_job *job);

// Finish the jobs submitted so far and end the thread. What they answer is in the mailbox. Accepts
// NULL.
void lambda_files_free(struct lambda_files *files);

// Remove a folder some time later. Nobody learns of a failure but the server's log.
void lambda_files_remove_later(struct lambda_files *files, const char *path);
