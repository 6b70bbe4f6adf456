// Written to a temporary name and renamed, so that a sandbox never sees half a program.

#include "lambda/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/encoding.h"

enum { DIGEST_SHOWN = 8 }; // Bytes of the digest in the folder's name.

static enum status write_program(const char *path, struct str text)
{
    char draft[PATH_MAX];
    if (snprintf(draft, sizeof(draft), "%s.%d", path, (int)getpid()) >= (int)sizeof(draft))
        return STATUS_IO;
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
    if (file < 0) return STATUS_IO;
    ssize_t written = write(file, text.data, text.size);
    int closed = close(file);
    if (written == (ssize_t)text.size && closed == 0 && rename(draft, path) == 0) return STATUS_OK;
    unlink(draft);
    return STATUS_IO;
}

enum status lambda_bootstrap_install(enum lambda_language language, const char *folder,
                                     char ret_path[static PATH_MAX])
{
    unsigned char digest[DIGEST_SIZE_MAX];
    char version[2 * DIGEST_SHOWN];
    ret_path[0] = '\0';
    if (language == LAMBDA_PROVIDED) return STATUS_OK;
    bool is_node = language == LAMBDA_NODEJS;
    struct str text =
        is_node ? (struct str){(const char *)lambda_bootstrap_node, lambda_bootstrap_node_size}
                : (struct str){(const char *)lambda_bootstrap_python, lambda_bootstrap_python_size};
    digest_compute(DIGEST_SHA256, text, digest);
    encoding_hex((struct str){(const char *)digest, DIGEST_SHOWN}, version);
    // Each in a folder of its own, which is also the function's LAMBDA_RUNTIME_DIR.
    int size = snprintf(ret_path, PATH_MAX, "%s/%.*s/%s", folder, (int)sizeof(version), version,
                        is_node ? "node.cjs" : "python.py");
    if (size < 0 || size >= PATH_MAX) return STATUS_IO;
    if (access(ret_path, R_OK) == 0) return STATUS_OK;
    char *slash = strrchr(ret_path, '/');
    *slash = '\0';
    if ((mkdir(folder, 0755) != 0 && errno != EEXIST) ||
        (mkdir(ret_path, 0755) != 0 && errno != EEXIST))
        return STATUS_IO;
    *slash = '/';
    return write_program(ret_path, text);
}
