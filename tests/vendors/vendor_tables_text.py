"""Where each value stands in the files of these vendors, and in which form: text formats.

Each table has line(n, account, inputs): what a line in use holds; off(n): what an unused one holds;
phone(inputs): the rest; key(n, key, inputs) and key_off(n). A value of None is not to be there.
"""
from vendor_inputs import NOTHING, Alternatives, by_zone, codes, password
from vendor_readers import read_equals, read_mitel, read_panasonic


class Yealink:
    read = staticmethod(read_equals)
    transport = {"udp": "0", "tcp": "1", "tls": "2"}
    srtp = {"off": "0", "optional": "1", "mandatory": "2"}
    codec = {"PCMU": "pcmu", "PCMA": "pcma", "G722": "g722", "G729": "g729", "opus": "opus"}
    types = {"line": "15", "speed_dial": "13", "blf": "16", "park": "10", "dtmf": "11"}

    def line(self, n, a, i):
        at = f"account.{n}."
        values = {
            at + "enable": "1", at + "label": a.name, at + "display_name": a.name,
            at + "user_name": a.sip_user, at + "auth_name": a.auth,
            at + "password": a.password or NOTHING,
            at + "sip_server.1.address": a.host, at + "sip_server.1.port": a.port,
            at + "sip_server.1.transport_type": self.transport[a.transport],
            at + "sip_server.1.expires": str(a.expires),
            at + "outbound_proxy_enable": "1" if a.outbound_proxy else "0",
            at + "outbound_proxy.1.address": a.proxy_host or NOTHING,
            at + "outbound_proxy.1.port": a.proxy_port or NOTHING,
            at + "srtp_encryption": self.srtp[i.get("srtp")],
            f"voice_mail.number.{n}": i.get("voicemail_number") or NOTHING}
        wanted = codes(self.codec, i)
        for rank, code in enumerate(wanted, 1):
            values[at + f"codec.{code}.enable"] = "1"
            values[at + f"codec.{code}.priority"] = str(rank)
        for code in self.codec.values():
            if wanted and code not in wanted:
                values[at + f"codec.{code}.enable"] = "0"
        return values

    def off(self, n):
        at = f"account.{n}."
        return {at + "enable": "0", at + "user_name": NOTHING, at + "auth_name": NOTHING,
                at + "password": NOTHING, at + "sip_server.1.address": NOTHING,
                at + "outbound_proxy_enable": "0", at + "outbound_proxy.1.address": NOTHING}

    def phone(self, i):
        values = {"local_time.ntp_server1": i.get("ntp_server"),
                  "static.auto_provision.server.url": i.base_url,
                  "static.auto_provision.repeat.enable": "1",
                  "static.auto_provision.repeat.minutes": i.minutes}
        values.update(password(i, static__security__user_password="admin:{}"))
        values.update(by_zone(
            i,
            Europe__Berlin={"local_time.time_zone": "+1", "local_time.summer_time": "2",
                            "local_time.time_zone_name": "Germany(Berlin)"},
            America__New_York={"local_time.time_zone": "-5",
                               "local_time.time_zone_name": "United States-Eastern Time"},
            Asia__Kolkata={"local_time.time_zone": "+5:30"},
            Etc__UTC={"local_time.time_zone": "0", "local_time.summer_time": "0"}))
        return values

    def key(self, n, k, _):
        at = f"linekey.{n}."
        return {at + "type": self.types[k.type], at + "line": str(k.line),
                at + "value": k.value or NOTHING, at + "label": k.label or NOTHING}

    def key_off(self, n):
        return {f"linekey.{n}.type": Alternatives("0", "15"), f"linekey.{n}.value": NOTHING}


class Panasonic:
    read = staticmethod(read_panasonic)
    codec = {"G722": "0", "PCMA": "1", "G729": "3", "PCMU": "4"}
    actions = {"line": "X_PANASONIC_IPTEL_DN", "blf": "X_PANASONIC_IPTEL_CONTACT"}

    def line(self, n, a, i):
        values = {
            f"LINE_ENABLE_{n}": "Enabled", f"PHONE_NUMBER_{n}": a.sip_user,
            f"SIP_URI_{n}": f"{a.sip_user}@{a.domain}", f"DISPLAY_NAME_{n}": a.name,
            f"SIP_AUTHID_{n}": a.auth, f"SIP_PASS_{n}": a.password,
            f"SIP_PRXY_ADDR_{n}": a.host, f"SIP_PRXY_PORT_{n}": a.port,
            f"SIP_RGSTR_ADDR_{n}": a.host, f"SIP_RGSTR_PORT_{n}": a.port,
            f"SIP_SVCDOMAIN_{n}": a.domain, f"SIP_OUTPROXY_ADDR_{n}": a.proxy_host,
            f"SIP_OUTPROXY_PORT_{n}": a.proxy_port or None,
            f"SIP_TRANSPORT_{n}": {"udp": "0", "tcp": "1", "tls": "2"}[a.transport],
            f"REG_EXPIRE_TIME_{n}": str(a.expires), f"VM_NUMBER_{n}": i.get("voicemail_number")}
        wanted = codes(self.codec, i)
        for rank, code in enumerate(wanted, 1):
            values[f"CODEC_ENABLE{code}_{n}"] = "Y"
            values[f"CODEC_PRIORITY{code}_{n}"] = str(rank)
        for code in self.codec.values():
            if wanted and code not in wanted:
                values[f"CODEC_ENABLE{code}_{n}"] = "N"
        return values

    def off(self, n):
        return {f"LINE_ENABLE_{n}": "Disabled", f"PHONE_NUMBER_{n}": "", f"SIP_URI_{n}": "",
                f"SIP_AUTHID_{n}": "", f"SIP_PASS_{n}": "", f"SIP_PRXY_ADDR_{n}": "",
                f"SIP_RGSTR_ADDR_{n}": "", f"SIP_OUTPROXY_ADDR_{n}": ""}

    def phone(self, i):
        values = {"NTP_ADDR": i.get("ntp_server"), "CFG_CYCLIC": "Y",
                  "CFG_STANDARD_FILE_PATH": i.base_url + "{mac}.cfg",
                  "CFG_CYCLIC_INTVL": i.minutes}
        values.update(password(i, ADMIN_PASS="{}"))
        values.update(by_zone(
            i,
            Europe__Berlin={"TIME_ZONE": "60", "DST_ENABLE": "Y", "DST_START_MONTH": "3",
                            "DST_START_ORDINAL_DAY": "5", "DST_START_DAY_OF_WEEK": "0",
                            "DST_START_TIME": "120", "DST_STOP_TIME": "180"},
            America__New_York={"TIME_ZONE": "-300", "DST_START_ORDINAL_DAY": "2"},
            Asia__Kolkata={"TIME_ZONE": "330", "DST_ENABLE": "N"}))
        return values

    def key(self, n, k, _):
        values = {f"FLEX_BUTTON_LABEL{n}": k.label,
                  f"FLEX_BUTTON_FACILITY_ARG{n}": str(k.line) if k.type == "line" else k.value}
        if k.type in self.actions:
            values[f"FLEX_BUTTON_FACILITY_ACT{n}"] = self.actions[k.type]
        return values

    def key_off(self, n):
        return {f"FLEX_BUTTON_FACILITY_ACT{n}": Alternatives("", self.actions["line"])}


class Mitel:
    read = staticmethod(read_mitel)
    codec = {"PCMU": "0", "PCMA": "8", "G722": "9", "G729": "18"}
    kind = "topsoftkey"

    def line(self, n, a, i):
        at = f"sip line{n} "
        return {at + "screen name": a.name, at + "display name": a.name,
                at + "user name": a.sip_user, at + "auth name": a.auth,
                at + "password": a.password, at + "proxy ip": a.host, at + "proxy port": a.port,
                at + "registrar ip": a.host, at + "registrar port": a.port,
                at + "outbound proxy": a.proxy_host, at + "vmail": i.get("voicemail_number"),
                at + "srtp mode": {"off": "0", "optional": "1", "mandatory": "2"}[i.get("srtp")]}

    def off(self, n):
        at = f"sip line{n} "
        return {at + "user name": "", at + "auth name": "", at + "password": "",
                at + "proxy ip": "0.0.0.0", at + "registrar ip": "0.0.0.0"}

    def phone(self, i):
        values = {"time server1": i.get("ntp_server"), "download protocol": "HTTPS",
                  "https server": i.host_path.partition("/")[0],
                  "https path": i.host_path.partition("/")[2]}
        values.update({"admin password": i.settings.get("admin_password")})
        if 1 in i.accounts:
            values["sip transport protocol"] = {"udp": "1", "tcp": "2", "tls": "4"}[
                i.accounts[1].transport]
        if "codecs" in i.settings:
            values["sip customized codec"] = ",".join(
                f"payload={code};ptime=20;silsupp=off" for code in codes(self.codec, i))
        values.update(by_zone(
            i, Europe__Berlin={"time zone name": "DE-Berlin"},
            America__New_York={"time zone name": "US-Eastern"},
            Asia__Kolkata={"time zone name": "Custom", "time zone minutes": "-330",
                           "dst config": "0"}))
        return values

    def key(self, n, k, _):
        at = f"{self.kind}{n} "
        kind = {"speed_dial": "speeddial", "dtmf": "none"}.get(k.type, k.type)
        return {at + "type": kind, at + "label": k.label, at + "line": str(k.line),
                at + "value": ("asterisk;" if k.type == "park" else "") + k.value}

    def key_off(self, n):
        return {f"{self.kind}{n} type": Alternatives("none", "line"), f"{self.kind}{n} value": ""}


class MitelProgrammable(Mitel):
    kind = "prgkey"


class MitelSoft(Mitel):
    kind = "softkey"


class Akuvox:
    read = staticmethod(read_equals)
    codec = {"G729": "0", "PCMU": "1", "PCMA": "2", "G722": "5", "opus": "9"}
    types = {"line": "14", "speed_dial": "10", "blf": "16", "park": "28", "dtmf": "22"}

    def line(self, n, a, i):
        at = f"Config.Account{n}."
        values = {
            at + "GENERAL.Enable": "1", at + "GENERAL.Label": a.name,
            at + "GENERAL.DisplayName": a.name, at + "GENERAL.UserName": a.sip_user,
            at + "GENERAL.AuthName": a.auth, at + "GENERAL.Pwd": a.password,
            at + "SIP.Server": a.host, at + "SIP.Port": a.port,
            at + "SIP.TransType": {"udp": "0", "tcp": "1", "tls": "2"}[a.transport],
            at + "REG.Timeout": str(a.expires), at + "OUTPROXY.Server": a.proxy_host,
            at + "OUTPROXY.Enable": "1" if a.outbound_proxy else "0",
            at + "VOICEMSG.Number": i.get("voicemail_number")}
        wanted = codes(self.codec, i)
        for rank, code in enumerate(wanted, 1):
            values[at + f"Audio{code}.Enable"] = "1"
            values[at + f"Audio{code}.Priority"] = str(rank)
        for code in self.codec.values():
            if wanted and code not in wanted:
                values[at + f"Audio{code}.Enable"] = "0"
        return values

    def off(self, n):
        at = f"Config.Account{n}."
        return {at + "GENERAL.Enable": "0", at + "GENERAL.UserName": "", at + "GENERAL.Pwd": "",
                at + "SIP.Server": "", at + "OUTPROXY.Enable": "0"}

    def phone(self, i):
        values = {"Config.Settings.SNTP.NTPServer1": i.get("ntp_server"),
                  "Config.Autoprovision.GENERAL.Url": i.base_url,
                  "Config.Settings.WEB_LOGIN.Password": i.settings.get("admin_password")}
        values.update(by_zone(i, Europe__Berlin={"Config.Settings.SNTP.TimeZone": "+1",
                                                 "Config.Settings.SNTP.Name": "Germany(Berlin)"}))
        return values

    def key(self, n, k, _):
        at = f"Config.Programable.LINEKEY{n}."
        return {at + "Type": self.types[k.type], at + "Label": k.label, at + "Param1": k.value}

    def key_off(self, n):
        return {f"Config.Programable.LINEKEY{n}.Type": Alternatives("0", "14")}
