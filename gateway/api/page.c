#include "gateway/api/page.h"

#include <stdio.h>
#include <string.h>

#include "gateway/json/service_out.h"

#define VERSION "0.1.0"
#define FILE_MAX (1u << 20) /* bytes of a file of the page */

/* The page's files. No other file is ever served. */
static const struct page_file {
    const char *path, *name, *type;
} PAGE_FILES[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/index.html", "index.html", "text/html; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
};

/* Serves a file of the page. False: the path names no such file, or the file cannot be read. */
static bool page_file_serve(const dv_request *request, dv_reply *reply)
{
    for (size_t i = 0; i < sizeof PAGE_FILES / sizeof PAGE_FILES[0]; i++) {
        if (!dv_text_is(request->path, PAGE_FILES[i].path)) continue;
        char name[DV_CONFIG_TEXT_MAX + 16];
        snprintf(name, sizeof name, "%s/%s", request->config->ui_dir, PAGE_FILES[i].name);
        FILE *file = fopen(name, "rbe");
        if (file == NULL) return false;
        char piece[4096];
        size_t size;
        while (reply->body.size < FILE_MAX && (size = fread(piece, 1, sizeof piece, file)) > 0)
            dv_buffer_add(&reply->body, piece, size);
        fclose(file);
        reply->status = 200;
        reply->content_type = PAGE_FILES[i].type;
        return true;
    }
    return false;
}

void dv_api_page_get(dv_request *request, dv_reply *reply)
{
    if (!page_file_serve(request, reply)) dv_reply_refuse(reply, request, DV_REQUEST_NO_SUCH_PATH);
}

void dv_api_index_get(dv_request *request, dv_reply *reply)
{
    const char *accept = mg_get_header(request->connection, "Accept");
    dv_reply_header(reply, "Vary", "Accept");
    bool wants_page = accept != NULL && strstr(accept, "text/html") != NULL;
    if (wants_page && page_file_serve(request, reply)) return;
    reply->status = 200;
    dv_render_index(&reply->body, VERSION);
}
