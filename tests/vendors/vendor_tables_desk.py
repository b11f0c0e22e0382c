"""Where each value stands in the files of these vendors, and in which form: desk phones with XML.

Each table has line(n, account, inputs): what a line in use holds; off(n): what an unused one holds;
phone(inputs): the rest; key(n, key, inputs) and key_off(n). A value of None is not to be there.
"""
from vendor_inputs import Alternatives, by_zone, codes, password
from vendor_readers import read_elements, read_grandstream, read_poly, read_snom, read_tree


class Grandstream:
    """Both generations: the reader's names tell which."""
    read = staticmethod(read_grandstream)
    transport = {"udp": "0", "tcp": "1", "tls": "2"}
    srtp = {"off": "0", "optional": "1", "mandatory": "2"}
    codec = {"PCMU": "0", "PCMA": "8", "G722": "9", "G729": "18", "opus": "123"}
    blocks = {2: "4", 3: "5", 4: "6", 5: "17", 6: "18"}
    first = dict(active="P271", name="P270", server="P47", proxy="P48", user="P35", auth="P36",
                 password="P34", display="P3", register="P31", expires="P32", transport="P130",
                 voicemail="P33", srtp="P183")
    others = dict(active="01", name="17", server="02", proxy="03", user="04", auth="05",
                  password="06", display="07", register="10", expires="12", transport="48",
                  voicemail="26", srtp="43")

    def place(self, n, what):
        return self.first[what] if n == 1 else f"P{self.blocks[n]}{self.others[what]}"

    def line(self, n, a, i):
        values = {self.place(n, what): value for what, value in (
            ("active", "1"), ("name", a.name), ("server", a.server), ("proxy", a.outbound_proxy),
            ("user", a.sip_user), ("auth", a.auth), ("password", a.password),
            ("display", a.name), ("register", "1"), ("expires", a.minutes),
            ("transport", self.transport[a.transport]),
            ("voicemail", i.get("voicemail_number")), ("srtp", self.srtp[i.get("srtp")]))}
        first = ["P57", "P58", "P59", "P60", "P61", "P62", "P46", "P98"]
        for rank, code in enumerate(codes(self.codec, i)):
            place = first[rank] if n == 1 else f"P{self.blocks[n]}5{rank + 1}"
            values[place] = code
        return values

    def off(self, n):
        values = {self.place(n, what): "" for what in
                  ("server", "proxy", "user", "auth", "password", "display")}
        values.update({self.place(n, "active"): "0", self.place(n, "register"): "0"})
        return values

    def phone(self, i):
        values = {"P30": i.get("ntp_server"), "P237": i.host_path, "P212": "2", "P193": i.minutes}
        values.update(password(i, P2="{}"))
        values.update(by_zone(i, Europe__Berlin={"P246": "CET-1CEST,M3.5.0,M10.5.0/3"},
                              America__New_York={"P246": "EST5EDT,M3.2.0,M11.1.0"}))
        return values

    def key(self, n, k, _):
        mode = {"line": "0", "speed_dial": "10", "blf": "11", "park": "19", "dtmf": "15"}[k.type]
        return {f"P{1361 + 2 * n}": mode, f"P{1362 + 2 * n}": str(k.line - 1),
                f"P{1463 + 2 * n}": k.label, f"P{1464 + 2 * n}": k.value}

    def key_off(self, n):
        return {f"P{1361 + 2 * n}": Alternatives("-1", "0"), f"P{1464 + 2 * n}": ""}


class GrandstreamMpk(Grandstream):
    def key(self, n, k, _):
        mode = {"speed_dial": "0", "blf": "1", "park": "9", "dtmf": "5", "line": "-1"}[k.type]
        return {f"P{322 + n}": mode, f"P3{3 * n - 2:02d}": str(k.line - 1),
                f"P3{3 * n - 1:02d}": k.label, f"P3{3 * n:02d}": k.value}

    def key_off(self, n):
        return {f"P{322 + n}": "-1", f"P3{3 * n:02d}": ""}


class GrandstreamItems(Grandstream):
    words = {"PCMU": "PCMU", "PCMA": "PCMA", "G722": "G.722"}

    def line(self, n, a, i):
        at = f"account.{n}."
        values = {
            at + "enable": "Yes", at + "name": a.name,
            at + "sip.server.1.address": a.server,
            at + "sip.outboundProxy.1.address": a.outbound_proxy,
            at + "sip.transport": {"udp": "UDP", "tcp": "TCP", "tls": "TlsOrTcp"}[a.transport],
            at + "sip.userid": a.sip_user, at + "sip.subscriber.userid": a.auth,
            at + "sip.subscriber.password": a.password, at + "sip.subscriber.name": a.name,
            at + "sip.registration": "Yes", at + "sip.registerExpiration": a.minutes,
            at + "sip.voicemail.number": i.get("voicemail_number")}
        for rank, name in enumerate(i.settings.get("codecs", []), 1):
            if name in self.words:
                values[at + f"codec.choice.{rank}"] = self.words[name]
        return values

    def off(self, n):
        at = f"account.{n}."
        return {at + "enable": "No", at + "sip.registration": "No",
                at + "sip.server.1.address": "", at + "sip.userid": "",
                at + "sip.subscriber.userid": "", at + "sip.subscriber.password": ""}

    def phone(self, i):
        values = {"dateTime.ntp.server.1": i.get("ntp_server"),
                  "provisioning.config.serverPath": i.host_path,
                  "provisioning.config.protocol": "HTTPS"}
        values.update(password(i, users__admin__password="{}"))
        values.update(by_zone(
            i, Europe__Berlin={"dateTime.timezone.custom": "CET-1CEST,M3.5.0,M10.5.0/3"}))
        return values

    def key(self, n, k, _):
        mode = {"line": "Line", "speed_dial": "SpeedDial", "blf": "BLF", "park": "CallPark"}
        values = {f"pks.vpk.{n}.account": str(k.line - 1), f"pks.vpk.{n}.description": k.label,
                  f"pks.vpk.{n}.value": k.value}
        if k.type in mode:
            values[f"pks.vpk.{n}.keyMode"] = mode[k.type]
        return values

    def key_off(self, n):
        return {f"pks.vpk.{n}.keyMode": Alternatives("None", "Line"), f"pks.vpk.{n}.value": ""}


class Snom:
    read = staticmethod(read_snom)
    codec = {"PCMU": "pcmu", "PCMA": "pcma", "G722": "g722", "G729": "g729"}

    def line(self, n, a, i):
        host, port = (a.proxy_host, a.proxy_port) if a.outbound_proxy else (a.host, a.port)
        values = {
            f"user_active[{n}]": "on", f"user_host[{n}]": a.domain,
            f"user_outbound[{n}]": f"{host}:{port};transport={a.transport}",
            f"user_name[{n}]": a.sip_user, f"user_pname[{n}]": a.auth,
            f"user_pass[{n}]": a.password, f"user_realname[{n}]": a.name,
            f"user_idle_text[{n}]": a.name, f"user_expiry[{n}]": str(a.expires),
            f"user_mailbox[{n}]": i.get("voicemail_number"),
            f"user_srtp[{n}]": "off" if i.get("srtp") == "off" else "on",
            f"user_savp[{n}]": i.get("srtp")}
        if "codecs" in i.settings:
            values[f"codec_priority_list[{n}]"] = ",".join(codes(self.codec, i)
                                                          + ["telephone-event"])
        return values

    def off(self, n):
        return {f"user_active[{n}]": "off", f"user_host[{n}]": "", f"user_outbound[{n}]": "",
                f"user_name[{n}]": "", f"user_pname[{n}]": "", f"user_pass[{n}]": ""}

    def phone(self, i):
        values = {"ntp_server": i.get("ntp_server"), "setting_server": i.base_url + "{mac}.xml",
                  "settings_refresh_timer": str(i.get("resync_interval"))}
        values.update(password(i, http_pass="{}", admin_mode_password="{}"))
        values.update(by_zone(
            i, Europe__Berlin={"timezone": "GER+1", "utc_offset": None, "dst": None},
            America__New_York={"timezone": "USA-5"},
            Asia__Riyadh={"timezone": "", "utc_offset": "10800", "dst": ""},
            Australia__Lord_Howe={"timezone": "", "utc_offset": "37800",
                                  "dst": "1800 10.01.07 02:00:00 04.01.07 02:00:00"}))
        return values

    def key(self, n, k, _):
        word = {"line": "line", "speed_dial": "speed", "blf": "blf", "park": "orbit",
                "dtmf": "dtmf"}[k.type]
        return {f"fkey[{n - 1}]": word if k.type == "line" else f"{word} {k.value}",
                f"fkey[{n - 1}]/label": k.label, f"fkey[{n - 1}]/context": str(k.line)}

    def key_off(self, n):
        return {f"fkey[{n - 1}]": Alternatives("none", "line"), f"fkey[{n - 1}]/label": ""}


class SnomDect(Snom):
    def line(self, n, a, i):
        return {
            f"user_active[{n}]": "on", f"user_host[{n}]": a.server,
            f"user_outbound[{n}]": a.outbound_proxy, f"user_name[{n}]": a.sip_user,
            f"user_pname[{n}]": a.auth, f"user_pass[{n}]": a.password,
            f"user_realname[{n}]": a.name, f"user_mailbox[{n}]": i.get("voicemail_number"),
            f"subscr_sip_hs_idx[{n}]": str(n), f"subscr_sip_ua_data_server_id[{n}]": str(n)}


class Poly:
    read = staticmethod(read_poly)
    file = "{mac}-registration.cfg"
    transport = {"udp": "UDPOnly", "tcp": "TCPOnly", "tls": "TLS"}
    codec = {"PCMU": "G711_Mu", "PCMA": "G711_A", "G722": "G722", "G729": "G729_AB"}

    def line(self, n, a, i):
        at = f"reg.{n}."
        return {
            at + "address": f"{a.sip_user}@{a.domain}", at + "label": a.name,
            at + "displayName": a.name, at + "auth.userId": a.auth,
            at + "auth.password": a.password, at + "server.1.address": a.host,
            at + "server.1.port": a.port, at + "server.1.expires": str(a.expires),
            at + "server.1.transport": self.transport[a.transport],
            at + "server.1.register": "1", at + "outboundProxy.address": a.proxy_host,
            at + "outboundProxy.port": a.proxy_port,
            f"msg.mwi.{n}.callBack": i.get("voicemail_number")}

    def off(self, n):
        at = f"reg.{n}."
        return {at + "address": "", at + "auth.userId": "", at + "auth.password": "",
                at + "server.1.address": "", at + "server.1.register": "0",
                at + "outboundProxy.address": ""}

    def phone(self, i):
        values = {"tcpIpApp.sntp.address": i.get("ntp_server"), "device.set": "1",
                  "device.prov.serverName": i.host_path, "device.prov.serverName.set": "1",
                  "device.prov.serverType": "HTTPS", "prov.polling.enabled": "1",
                  "prov.polling.period": str(i.get("resync_interval"))}
        srtp = {"off": "000", "optional": "110", "mandatory": "111"}[i.get("srtp")]
        values.update(zip(("sec.srtp.enable", "sec.srtp.offer", "sec.srtp.require"), srtp))
        for rank, code in enumerate(codes(self.codec, i), 1):
            values["voice.codecPref." + code] = str(rank)
        values.update(password(i, device__auth__localAdminPassword="{}"))
        zone = "tcpIpApp.sntp."
        summer = zone + "daylightSavings."
        values.update(by_zone(
            i,
            Europe__Berlin={zone + "gmtOffset": "3600", summer + "enable": "1",
                            summer + "start.month": "3", summer + "start.dayOfWeek": "1",
                            summer + "start.dayOfWeek.lastInMonth": "1",
                            summer + "start.time": "2", summer + "stop.month": "10",
                            summer + "stop.time": "3"},
            America__New_York={zone + "gmtOffset": "-18000", summer + "start.date": "8",
                               summer + "start.dayOfWeek.lastInMonth": "0",
                               summer + "stop.date": "1"},
            Asia__Kolkata={zone + "gmtOffset": "19800", summer + "enable": "0"}))
        return values

    def key(self, n, k, i):
        at = f"attendant.resourceList.{n}."
        if k.type != "blf":
            return {at + "address": ""}
        return {at + "address": f"sip:{k.value}@{i.accounts[k.line].domain}",
                at + "label": k.label}

    def key_off(self, n):
        return {f"attendant.resourceList.{n}.address": ""}


class CiscoSpa:
    read = staticmethod(read_elements("flat-profile"))
    codec = {"PCMU": "G711u", "PCMA": "G711a", "G722": "G722", "G729": "G729a"}
    admin = "Admin_Passwd"

    def line(self, n, a, i):
        values = {
            f"Line_Enable_{n}_": "Yes", f"Proxy_{n}_": a.server,
            f"Outbound_Proxy_{n}_": a.outbound_proxy,
            f"Use_Outbound_Proxy_{n}_": "Yes" if a.outbound_proxy else "No",
            f"SIP_Transport_{n}_": a.transport.upper(), f"User_ID_{n}_": a.sip_user,
            f"Auth_ID_{n}_": a.auth, f"Use_Auth_ID_{n}_": "Yes", f"Password_{n}_": a.password,
            f"Display_Name_{n}_": a.name, f"Register_Expires_{n}_": str(a.expires)}
        if "codecs" in i.settings:
            wanted = (codes(self.codec, i) + ["Unspecified"] * 3)[:3]
            places = ("Preferred_Codec", "Second_Preferred_Codec", "Third_Preferred_Codec")
            values.update({f"{place}_{n}_": code for place, code in zip(places, wanted)})
        return values

    def off(self, n):
        return {f"Line_Enable_{n}_": "No", f"Proxy_{n}_": "", f"Outbound_Proxy_{n}_": "",
                f"User_ID_{n}_": "", f"Auth_ID_{n}_": "", f"Password_{n}_": ""}

    def phone(self, i):
        values = {"Voice_Mail_Number": i.get("voicemail_number"),
                  "Primary_NTP_Server": i.get("ntp_server"),
                  "Profile_Rule": i.base_url + "$MA.xml", "Resync_On_Reset": "Yes",
                  "Resync_Periodic": str(i.get("resync_interval"))}
        values.update(password(i, **{self.admin: "{}"}))
        values.update(by_zone(
            i,
            Europe__Berlin={
                "Time_Zone": "GMT+01:00",
                "Daylight_Saving_Time_Rule": "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1"},
            America__New_York={
                "Time_Zone": "GMT-05:00",
                "Daylight_Saving_Time_Rule": "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1"},
            Asia__Kolkata={"Time_Zone": "GMT+05:30", "Daylight_Saving_Time_Enable": "No"}))
        return values

    def key(self, n, k, _):
        label = k.label or k.value
        if k.type == "line":
            return {f"Extension_{n}_": str(k.line), f"Extended_Function_{n}_": ""}
        function = {"blf": f"fnc=sd+blf+cp;sub={k.value}@$PROXY;nme={label}"}.get(
            k.type, f"fnc=sd;ext={k.value}@$PROXY;nme={label}")
        return {f"Extension_{n}_": "Disabled", f"Extended_Function_{n}_": function,
                f"Short_Name_{n}_": k.label}

    def key_off(self, n):
        return {f"Extension_{n}_": Alternatives("Disabled", str(n)), f"Extended_Function_{n}_": ""}


class CiscoMpp(CiscoSpa):
    codec = dict(CiscoSpa.codec, opus="OPUS")
    admin = "Admin_Password"


class Fanvil:
    read = staticmethod(read_tree("sysConf"))
    codec = {"PCMU": "PCMU", "PCMA": "PCMA", "G722": "G722", "G729": "G729", "opus": "opus"}

    def line(self, n, a, i):
        at = f"sip/line[{n}]/"
        values = {
            at + "EnableReg": "1", at + "RegisterAddr": a.host, at + "RegisterPort": a.port,
            at + "Transport": {"udp": "0", "tcp": "1", "tls": "3"}[a.transport],
            at + "PhoneNumber": a.sip_user, at + "RegisterUser": a.auth,
            at + "RegisterPswd": a.password, at + "DisplayName": a.name,
            at + "ProxyAddr": a.proxy_host, at + "ProxyPort": a.proxy_port,
            at + "RegisterTTL": str(a.expires), at + "MWINum": i.get("voicemail_number"),
            at + "MediaCrypto": {"off": "0", "optional": "1", "mandatory": "2"}[i.get("srtp")]}
        return values

    def off(self, n):
        at = f"sip/line[{n}]/"
        return {at + "EnableReg": "0", at + "RegisterAddr": "", at + "PhoneNumber": "",
                at + "RegisterUser": "", at + "RegisterPswd": "", at + "ProxyAddr": ""}

    def phone(self, i):
        values = {"Version": "2.0002", "phone/date/SNTPServer": i.get("ntp_server"),
                  "phone/date/EnableSNTP": "1", "ap/FlashServerIP": "https://" + i.host_path,
                  "ap/FlashFileName": "$mac.cfg", "ap/FlashInterval": i.hours,
                  "sip/SIPPswdEncryption": "0",
                  "web/account[1]/Password": i.settings.get("admin_password")}
        if "codecs" in i.settings:
            values["mm/capability/AudioCodecSets"] = ",".join(codes(self.codec, i))
        values.update(by_zone(
            i,
            Europe__Berlin={"phone/date/TimeZone": "4", "phone/date/TimeZoneName": "UTC+1",
                            "phone/date/DSTStartWeek": "5", "phone/date/DSTStartWday": "0",
                            "phone/date/DSTStartHour": "2", "phone/date/DSTEndMon": "10"},
            America__New_York={"phone/date/TimeZone": "-20", "phone/date/DSTStartWeek": "2"},
            Asia__Kolkata={"phone/date/TimeZone": "22", "phone/date/EnableDST": "0"}))
        return values

    def key(self, n, k, _):
        at = f"dsskey/internal[1]/Fkey[{n}]/"
        return {at + "Type": {"line": "2", "dtmf": "4"}.get(k.type, "1"), at + "Title": k.label,
                at + "Value": {"line": f"SIP{k.line}", "speed_dial": f"{k.value}@{k.line}/f",
                               "blf": f"{k.value}@{k.line}/ba", "park": f"{k.value}@{k.line}/c",
                               "dtmf": k.value}[k.type]}

    def key_off(self, n):
        at = f"dsskey/internal[1]/Fkey[{n}]/"
        return {at + "Type": Alternatives("0", "2"), at + "Title": ""}


class Htek:
    read = staticmethod(read_elements("hl_provision", "config"))
    codec = {"PCMU": "0", "PCMA": "8", "G722": "9", "G729": "18"}
    # active, server, proxy, transport, label, user, auth, password, name, register, expires, voicemail, srtp
    places = {1: (271, 47, 48, 130, 20000, 35, 36, 34, 3, 31, 32, 33, 183),
              2: (401, 747, 748, 830, 20001, 735, 736, 734, 703, 731, 732, 426, 443),
              3: (501, 502, 503, 930, 20002, 504, 505, 506, 507, 510, 512, 526, 543)}
    choices = {1: 57, 2: 757, 3: 551}

    def line(self, n, a, i):
        wanted = ("1", f"{a.host}:{a.port}", a.outbound_proxy,
                  {"udp": "0", "tcp": "1", "tls": "2"}[a.transport], a.name, a.sip_user, a.auth,
                  a.password, a.name, "1", a.minutes, i.get("voicemail_number"),
                  {"off": "0", "optional": "1", "mandatory": "2"}[i.get("srtp")])
        values = {f"P{place}": value for place, value in zip(self.places[n], wanted)}
        for rank, code in enumerate(codes(self.codec, i)):
            values[f"P{self.choices[n] + rank}"] = code
        return values

    def off(self, n):
        values = {f"P{place}": "" for place in (*self.places[n][1:3], *self.places[n][5:8])}
        values.update({f"P{self.places[n][0]}": "0", f"P{self.places[n][9]}": "0"})
        return values

    def phone(self, i):
        values = {"P30": i.get("ntp_server"), "P237": i.host_path, "P193": i.minutes}
        values.update(password(i, P2="{}"))
        values.update(by_zone(i, Europe__Berlin={"P64": "49"}, America__New_York={"P64": "18"},
                              Asia__Kolkata={"P64": "84", "P75": "0"}))
        return values

    @staticmethod
    def at(n, what):
        return f"P{41200 + n - 1 + 100 * what}" if n < 5 else f"P{20200 + 5 * (n - 5) + what}"

    def key(self, n, k, _):
        values = {self.at(n, 1): k.value, self.at(n, 2): k.label}
        kind = {"line": "1", "speed_dial": "2", "blf": "3", "park": "8"}
        if k.type in kind:
            values[self.at(n, 0)] = kind[k.type]
        return values

    def key_off(self, n):
        return {self.at(n, 0): Alternatives("0", "1"), self.at(n, 1): ""}
