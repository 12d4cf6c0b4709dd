/* ui_setting: /ui/settings/KEY: what the application keeps for a user (columns chosen, widths, favourites): any JSON up to 64 KB, theirs alone. */
#ifndef OST_EDGE_UI_SETTING_H
#define OST_EDGE_UI_SETTING_H

struct app_request;
struct err;
struct http_request;

/* GET and PUT of the signed-in user's setting. */
int ui_setting(struct http_request *r, struct app_request *q, const char *key, struct err *err);

#endif
