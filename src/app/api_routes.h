/* Private to api*.c: what runs for each route, by noun. Reads on the control loop's reader or on a
 * job thread's own; changes on the writer, in the transaction of their audit row. Each gives its
 * result to api_result() and returns 0, or an error with a problem. */
#ifndef AUTOPROV_API_ROUTES_H
#define AUTOPROV_API_ROUTES_H

#include <stdbool.h>

struct api_call;
struct store_db;

int api_user_list(struct api_call *call, struct store_db *db);
int api_user_add(struct api_call *call, struct store_db *db);
int api_user_show(struct api_call *call, struct store_db *db);
int api_user_del(struct api_call *call, struct store_db *db);
int api_token_show(struct api_call *call, struct store_db *db);
int api_token_rotate(struct api_call *call, struct store_db *db);
int api_account_list(struct api_call *call, struct store_db *db);
int api_account_add(struct api_call *call, struct store_db *db);
int api_account_show(struct api_call *call, struct store_db *db);
int api_account_set(struct api_call *call, struct store_db *db);
int api_account_del(struct api_call *call, struct store_db *db);
int api_phone_list(struct api_call *call, struct store_db *db);
int api_phone_count(struct api_call *call, struct store_db *db);
int api_phone_add(struct api_call *call, struct store_db *db);
int api_phone_show(struct api_call *call, struct store_db *db);
int api_phone_set(struct api_call *call, struct store_db *db);
int api_phone_url(struct api_call *call, struct store_db *db);
int api_phone_move(struct api_call *call, struct store_db *db);
int api_phone_del(struct api_call *call, struct store_db *db);
int api_phone_settings(struct api_call *call, struct store_db *db);
int api_phone_files(struct api_call *call, struct store_db *db);
int api_phone_preview(struct api_call *call, struct store_db *db);
int api_phone_preview_secrets(struct api_call *call, struct store_db *db);
int api_phone_key_list(struct api_call *call, struct store_db *db);
int api_phone_key_add(struct api_call *call, struct store_db *db);
int api_user_key_add(struct api_call *call, struct store_db *db);
int api_phone_key_set(struct api_call *call, struct store_db *db);
int api_phone_key_replace(struct api_call *call, struct store_db *db);
int api_phone_key_del(struct api_call *call, struct store_db *db);
int api_user_set(struct api_call *call, struct store_db *db);
int api_user_key_list(struct api_call *call, struct store_db *db);
int api_user_key_set(struct api_call *call, struct store_db *db);
int api_user_key_del(struct api_call *call, struct store_db *db);
int api_site_list(struct api_call *call, struct store_db *db);
int api_site_add(struct api_call *call, struct store_db *db);
int api_site_show(struct api_call *call, struct store_db *db);
int api_site_set(struct api_call *call, struct store_db *db);
int api_site_del(struct api_call *call, struct store_db *db);
int api_setting_list(struct api_call *call, struct store_db *db);
int api_setting_set(struct api_call *call, struct store_db *db);
int api_setting_unset(struct api_call *call, struct store_db *db);
int api_apikey_list(struct api_call *call, struct store_db *db);
int api_apikey_show(struct api_call *call, struct store_db *db);
int api_apikey_add(struct api_call *call, struct store_db *db);
int api_apikey_del(struct api_call *call, struct store_db *db);
int api_vendor_list(struct api_call *call, struct store_db *db);
int api_model_list(struct api_call *call, struct store_db *db);
int api_model_show(struct api_call *call, struct store_db *db);
int api_explain(struct api_call *call, struct store_db *db);
int api_activity(struct api_call *call, struct store_db *db);
int api_phone_states(struct api_call *call, struct store_db *db);
int api_stale(struct api_call *call, struct store_db *db);
int api_refusal_list(struct api_call *call, struct store_db *db);
int api_fetch_list(struct api_call *call, struct store_db *db);
int api_template_list(struct api_call *call, struct store_db *db);
int api_template_show(struct api_call *call, struct store_db *db);
int api_template_check(struct api_call *call, struct store_db *db);
int api_template_preview(struct api_call *call, struct store_db *db);
int api_template_set(struct api_call *call, struct store_db *db);
int api_template_del(struct api_call *call, struct store_db *db);
int api_options_show(struct api_call *call, struct store_db *db);
int api_options_set(struct api_call *call, struct store_db *db);
int api_options_unset(struct api_call *call, struct store_db *db);
int api_enrol(struct api_call *call, struct store_db *db);
int api_pnp_list(struct api_call *call, struct store_db *db);
int api_pnp_show(struct api_call *call, struct store_db *db);
int api_pnp_del(struct api_call *call, struct store_db *db);
int api_pnp_adopt(struct api_call *call, struct store_db *db);
int api_unmoved_list(struct api_call *call, struct store_db *db);
int api_alarm_list(struct api_call *call, struct store_db *db);
int api_alarm_show(struct api_call *call, struct store_db *db);
int api_alarm_ack(struct api_call *call, struct store_db *db);
int api_status(struct api_call *call, struct store_db *db);
int api_import_add(struct api_call *call, struct store_db *db);
int api_import_receive(struct api_call *call, struct store_db *db);
int api_import_apply(struct api_call *call, struct store_db *db);
int api_import_show(struct api_call *call, struct store_db *db);
int api_import_problems(struct api_call *call, struct store_db *db);
int api_import_del(struct api_call *call, struct store_db *db);
int api_user_put(struct api_call *call, struct store_db *db);
int api_account_put(struct api_call *call, struct store_db *db);
int api_phone_put(struct api_call *call, struct store_db *db);
int api_export(struct api_call *call, struct store_db *db);
int api_export_secrets(struct api_call *call, struct store_db *db);
int api_user_burn(struct api_call *call, struct store_db *db);
int api_audit_list(struct api_call *call, struct store_db *db);
int api_audit_verify(struct api_call *call, struct store_db *db);
int api_resync_add(struct api_call *call, struct store_db *db);
int api_resync_list(struct api_call *call, struct store_db *db);
int api_resync_status(struct api_call *call, struct store_db *db);
int api_resync_cancel(struct api_call *call, struct store_db *db);
int api_notification_take(struct api_call *call, struct store_db *db);
int api_notification_report(struct api_call *call, struct store_db *db);
int api_metrics(struct api_call *call, struct store_db *db);

/* Before and after them. */
int api_template_set_look(struct api_call *call, struct store_db *db);
int api_template_del_look(struct api_call *call, struct store_db *db);
bool api_phone_list_is_long(struct api_call *call);
int api_burn_after(struct api_call *call);
int api_resync_before(struct api_call *call);
int api_resync_add_before(struct api_call *call);
int api_resync_add_after(struct api_call *call);
int api_resync_status_before(struct api_call *call);
int api_resync_cancel_after(struct api_call *call);

#endif
