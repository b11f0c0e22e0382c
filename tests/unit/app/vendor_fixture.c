/* Five small vendors, one of each kind that the app floor tells apart. */
#include "app_fixture.h"

#include "autoprov/array.h"

/* A text dialect with everything that can be refused, models, probes and common files. */
static const char ACME[] =
    "{\"title\": \"Acme\", \"ouis\": [\"001565\"], \"mac_case\": \"upper\",\n"
    "\"resync_event\": \"check-sync;reboot=false\","
    " \"reboot_event\": \"check-sync;reboot=true\",\n"
    "\"content_type\": \"text/plain\", \"escape\": \"text\", \"comment\": \"#\",\n"
    "\"forbid_in_keys\": \";\", \"forbid_in_passwords\": \"%\", \"reserved\": [\"%NULL%\"],\n"
    "\"trims\": true, \"max_value_bytes\": 100, \"lines\": 2, \"keys\": 3,\n"
    "\"pnp_vendor\": \"Acme Phone\",\n"
    "\"url\": \"{{provisioning_host_path}}\", \"user_agent\": \"Acme {any} {mac}\",\n"
    "\"codes\": {\"transport\": {\"udp\": \"0\", \"tcp\": \"1\", \"tls\": \"2\"},\n"
    "  \"codec\": {\"PCMU\": \"ulaw\", \"PCMA\": \"alaw\", \"G722\": \"wide\", \"opus\": \"o\"},\n"
    "  \"key_type\": {\"none\": \"0\", \"line\": \"15\", \"blf\": \"16\"},\n"
    "  \"srtp\": {\"off\": \"0\", \"mandatory\": \"2\"},\n"
    "  \"language\": {\"de\": \"German\"}, \"time_zone\": {\"Europe/Berlin\": \"31\"}},\n"
    "\"models\": [{\"model\": \"A1\", \"code\": \"11\", \"lines\": 3, \"keys\": 4},\n"
    "  {\"model\": \"A2\", \"lines\": 1, \"keys\": 0, \"template\": \"acme-a2.cfg\","
    " \"bootstrap\": \"acme-a2-boot.cfg\"}],\n"
    "\"files\": [{\"name\": \"{mac}.cfg\", \"role\": \"config\", \"template\": \"acme.cfg\","
    " \"bootstrap\": \"acme-boot.cfg\"},\n"
    "  {\"name\": \"{mac}.boot\", \"role\": \"probe\"},\n"
    "  {\"name\": \"y{code}.cfg\", \"role\": \"common\", \"template\": \"acme-first.cfg\","
    " \"flat\": true},\n"
    "  {\"name\": \"acme.cfg\", \"role\": \"common\", \"template\": \"acme-first.cfg\"},\n"
    "  {\"name\": \"{mac}-book.xml\", \"role\": \"directory\", \"template\": \"acme-book.xml\","
    " \"models\": [\"A1\"], \"escape\": \"xml\"},\n"
    "  {\"name\": \"83/{any}/{mac}.cfg\", \"role\": \"config\", \"template\": \"acme.cfg\"}]}\n";

/* Cannot be given a token. */
static const char FLATTY[] =
    "{\"title\": \"Flatty\", \"mac_case\": \"upper\", \"content_type\": \"text/xml\",\n"
    "\"escape\": \"xml\", \"flat_only\": true, \"lines\": 1, \"keys\": 0,\n"
    "\"url\": \"{{provisioning_base_url}}\",\n"
    "\"codes\": {\"transport\": {}, \"codec\": {\"PCMU\": \"0\"}, \"key_type\": {}, "
    "\"srtp\": {}},\n"
    "\"models\": [{\"model\": \"F1\", \"lines\": 1, \"keys\": 0}],\n"
    "\"files\": [{\"name\": \"SEP{mac}.cnf.xml\", \"role\": \"config\","
    " \"template\": \"flatty.xml\"},\n"
    "  {\"name\": \"flat-default.xml\", \"role\": \"common\", \"template\": \"flatty.xml\"}]}\n";

/* Another character set and line ends; its first row is a probe, and of its names one is not known
 * without a model. */
static const char LATIN[] =
    "{\"title\": \"Latin\", \"mac_case\": \"lower\", \"content_type\": \"text/plain\",\n"
    "\"escape\": \"text\", \"charset\": \"iso-8859-1\", \"line_ends\": \"crlf\",\n"
    "\"lines\": 1, \"keys\": 1, \"url\": \"{{provisioning_url}}\",\n"
    "\"codes\": {\"transport\": {\"udp\": \"u\"}, \"codec\": {\"PCMA\": \"8\"},"
    " \"key_type\": {}, \"srtp\": {}},\n"
    "\"models\": [{\"model\": \"L1\", \"lines\": 1, \"keys\": 1, \"template\": \"latin-l1.cfg\"},\n"
    "  {\"model\": \"A1\", \"lines\": 1, \"keys\": 1}],\n"
    "\"files\": [{\"name\": \"latin-{mac}.boot\", \"role\": \"probe\"},\n"
    "  {\"name\": \"latin-{model}-{mac}.cfg\", \"role\": \"config\","
    " \"template\": \"latin.cfg\"}]}\n";

/* Serves nothing to a phone whose model is not known. */
static const char SILENT[] =
    "{\"title\": \"Silent\", \"mac_case\": \"lower\", \"content_type\": \"text/plain\",\n"
    "\"escape\": \"text\", \"lines\": 1, \"keys\": 0, \"url\": \"{{provisioning_url}}\",\n"
    "\"codes\": {\"transport\": {}, \"codec\": {}, \"key_type\": {}, \"srtp\": {}},\n"
    "\"models\": [{\"model\": \"S1\", \"lines\": 1, \"keys\": 0}],\n"
    "\"files\": [{\"name\": \"silent-{mac}.cfg\", \"role\": \"config\", \"models\": [\"S1\"],"
    " \"template\": \"silent.cfg\"}]}\n";

static const char GENERIC[] =
    "{\"title\": \"Generic\", \"mac_case\": \"lower\", \"content_type\": "
    "\"text/xml; charset=utf-8\",\n"
    "\"escape\": \"xml\", \"lines\": 0, \"keys\": 0, \"url\": \"{{provisioning_url}}\", "
    "\"pnp_url\": \"{{provisioning_url}}\",\n"
    "\"codes\": {\"transport\": {}, \"codec\": {\"PCMU\": \"0\", \"PCMA\": \"8\"},"
    " \"key_type\": {}, \"srtp\": {}},\n"
    "\"models\": [], \"files\": [{\"name\": \"{mac}.xml\", \"role\": \"config\","
    " \"template\": \"generic.xml\"}]}\n";

static const char ZONES[] = "{\"America/Nuuk\": \"<-02>2<-01>,M3.5.0/-1,M10.5.0/0\",\n"
                            "\"America/St_Johns\": \"NST3:30NDT,M3.2.0,M11.1.0\", \"Asia/Gaza\": "
                            "\"EET-2EEST,M3.4.4/50,M10.4.4/50\",\n"
                            "\"Asia/Kolkata\": \"IST-5:30\", \"Etc/UTC\": \"UTC0\",\n"
                            "\"Australia/Lord_Howe\": \"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0\",\n"
                            "\"Europe/Berlin\": \"CET-1CEST,M3.5.0,M10.5.0/3\"}\n";

static const struct {
    const char *name, *text;
} FILES[] = {
    {"vendors/time_zones.json", ZONES},
    {"vendors/acme.json", ACME},
    {"vendors/flatty.json", FLATTY},
    {"vendors/generic.json", GENERIC},
    {"vendors/latin.json", LATIN},
    {"vendors/silent.json", SILENT},
    {"templates/generic.xml", "<phone>{{mac}}</phone>\n"},
    {"templates/acme.cfg",
     "mac = {{mac_upper}}\nurl = {{provisioning_url}}\nadmin = {{admin_password}}\n"
     "{{#lines}}\n{{#is_set}}\nline.{{position}} = {{sip_user}} {{password}}\n{{/is_set}}\n"
     "{{/lines}}\n{{#keys}}\nkey.{{position}} = {{type_code}} {{value}}\n{{/keys}}\n"
     "{{#raw}}\n{{name}} = {{value}}\n{{/raw}}\n"},
    {"templates/acme-a2.cfg", "a2 = {{mac}}\n"},
    {"templates/acme-boot.cfg",
     "url = {{phone_url}}\nown = {{provisioning_url}}\n"
     "{{#admin_password}}\nadmin = {{admin_password}}\n{{/admin_password}}\n"},
    {"templates/acme-a2-boot.cfg", "a2 url = {{phone_url}}\n"},
    {"templates/acme-first.cfg",
     "model = {{model}}\nurl = {{provisioning_base_url}}\nntp = {{ntp_server}}\n"
     "admin = {{admin_password}}\n"},
    {"templates/acme-book.xml", "<book of=\"{{user.display_name}}\"/>\n"},
    {"templates/flatty.xml", "<flat mac=\"{{mac}}\" url=\"{{provisioning_base_url}}\"/>\n"},
    {"templates/silent.cfg", "silent=1\n"},
    {"templates/latin.cfg", "label={{label}}\nntp={{ntp_server}}\n"},
    {"templates/latin-l1.cfg", "l1={{label}}\n"},
};

void fixture_write_vendors(const struct app_fixture *fixture)
{
    fixture_make_folder(fixture, "templates");
    fixture_make_folder(fixture, "vendors");
    for (size_t i = 0; i < AP_COUNT(FILES); i++)
        fixture_write(fixture, FILES[i].name, FILES[i].text);
}
