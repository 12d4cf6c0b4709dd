#include "edge/files.h"

#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "serve/actor.h"

void files_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct err err;
	err_init(&err, r->arena);
	err_say(&err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	http_reply_err(r, &err);
}
