// A mailbox and a thread that runs its mail.

#include "lambda/files.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "lambda/archive.h"

struct lambda_files {
    struct mailbox mailbox;
    struct mailbox *reply_to;
    pthread_t thread;
    bool is_ending; // Of the thread itself.
    struct mail end;
    struct lambda_programs programs;
};

static void on_done(struct mail *mail)
{
    struct lambda_job *job = CONTAINER_OF(mail, struct lambda_job, mail);
    job->done(job);
}

static void on_job(struct mail *mail)
{
    struct lambda_job *job = CONTAINER_OF(mail, struct lambda_job, mail);
    struct lambda_files *files = job->files;
    bool is_answered = job->done != NULL;
    job->work(job, &files->programs);
    if (!is_answered) return;
    job->mail.run = on_done;
    mailbox_post(files->reply_to, &job->mail);
}

static void on_end(struct mail *mail)
{
    CONTAINER_OF(mail, struct lambda_files, end)->is_ending = true;
}

static void *run(void *argument)
{
    struct lambda_files *files = argument;
    sigset_t all;
    sigfillset(&all); // Signals are for the main thread.
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!files->is_ending) {
        mailbox_wait(&files->mailbox, -1);
        mailbox_run(&files->mailbox);
    }
    return NULL;
}

enum status lambda_files_new(struct mailbox *reply_to, struct lambda_files **ret_files)
{
    struct lambda_files *files = calloc(1, sizeof(*files));
    if (files == NULL) return STATUS_NO_MEMORY;
    files->reply_to = reply_to;
    if (mailbox_init(&files->mailbox) != STATUS_OK) {
        free(files);
        return STATUS_IO;
    }
    if (pthread_create(&files->thread, NULL, run, files) != 0) {
        mailbox_release(&files->mailbox);
        free(files);
        return STATUS_IO;
    }
    *ret_files = files;
    return STATUS_OK;
}

void lambda_files_submit(struct lambda_files *files, struct lambda_job *job)
{
    assert(job->work != NULL);
    job->files = files;
    job->mail.run = on_job;
    mailbox_post(&files->mailbox, &job->mail);
}

void lambda_files_free(struct lambda_files *files)
{
    if (files == NULL) return;
    files->end.run = on_end;
    mailbox_post(&files->mailbox, &files->end);
    pthread_join(files->thread, NULL);
    mailbox_release(&files->mailbox);
    lambda_programs_release(&files->programs);
    free(files);
}

// ---------------------------------------------------------------------------------------------

struct removal {
    struct lambda_job job;
    char path[];
};

static void remove_tree(struct lambda_job *job, struct lambda_programs *programs)
{
    struct removal *removal = CONTAINER_OF(job, struct removal, job);
    (void)programs;
    if (lambda_tree_remove(removal->path) != STATUS_OK)
        log_warn("lambda: %s could not be removed", removal->path);
    free(removal);
}

void lambda_files_remove_later(struct lambda_files *files, const char *path)
{
    size_t size = strlen(path) + 1;
    struct removal *removal = malloc(sizeof(*removal) + size);
    if (removal == NULL) {
        log_warn("lambda: %s is left behind: out of memory", path);
        return;
    }
    *removal = (struct removal){.job.work = remove_tree};
    memcpy(removal->path, path, size);
    lambda_files_submit(files, &removal->job);
}
