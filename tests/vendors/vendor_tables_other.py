"""Where each value stands in the files of these vendors, and in which form: DECT, soft clients, others.

Each table has line(n, account, inputs): what a line in use holds; off(n): what an unused one holds;
phone(inputs): the rest; key(n, key, inputs) and key_off(n). A value of None is not to be there.
"""
from vendor_inputs import MAC, Alternatives, by_zone, codes
from vendor_readers import (collect, parse, read_attributes, read_enterprise, read_generic,
                            read_gigaset_n510, read_linphone)


class CiscoEnterprise:
    read = staticmethod(read_enterprise)

    def line(self, n, a, i):
        at = f"line[{n}]/"
        return {at + "featureID": "9", at + "featureLabel": a.name, at + "proxy": a.host,
                at + "port": a.port, at + "name": a.sip_user, at + "displayName": a.name,
                at + "authName": a.auth, at + "authPassword": a.password,
                at + "messagesNumber": i.get("voicemail_number")}

    def off(self, n):
        return {f"line[{n}]/authPassword": None}

    def phone(self, i):
        a = i.accounts.get(1)
        values = {"devicePool/dateTimeSetting/ntps/ntp/name": i.get("ntp_server"),
                  "deviceProtocol": "SIP",
                  "commonProfile/phonePassword": i.settings.get("admin_password")}
        if a:
            values["transportLayerProtocol"] = {"udp": "2", "tcp": "1", "tls": "3"}[a.transport]
            values["sipProfile/sipProxies/outboundProxy"] = a.proxy_host
        return values

    def key(self, n, k, _):
        return {f"line[{n}]/featureID": "21" if k.type == "blf" else "2",
                f"line[{n}]/speedDialNumber": k.value, f"line[{n}]/featureLabel": k.label}

    def key_off(self, n):
        return {f"line[{n}]/speedDialNumber": None}


class Gigaset:
    @staticmethod
    def read(body):
        """hs.RegStatus comes with each handset: it belongs to the order around it."""
        tree = parse(body, "provisioning")
        return collect((node.get("name"), node.get("value")) for node in tree.iterfind("nvm/param"))

    def line(self, n, a, i):
        server, account = f"SipProvider.{n - 1}.", f"SipAccount.{n:05d}."
        return {
            server + "Domain": a.domain, server + "ProxyServerAddress": a.host,
            server + "ProxyServerPort": a.port, server + "RegServerAddress": a.host,
            server + "RegServerPort": a.port, server + "RegServerRefreshTimer": str(a.expires),
            server + "TransportProtocol": {"udp": "1", "tcp": "2", "tls": "3"}[a.transport],
            server + "OutboundProxyAddress": a.proxy_host,
            server + "OutboundProxyMode": "0" if a.outbound_proxy else "2",
            server + "SRTP_Enabled": "0" if i.get("srtp") == "off" else "1",
            account + "UserName": a.sip_user, account + "AuthName": a.auth,
            account + "AuthPassword": a.password, account + "DisplayName": a.name,
            account + "ProviderId": str(n - 1),
            account + "VoiceMailMailbox": i.get("voicemail_number")}

    def off(self, n):
        return {f"SipProvider.{n - 1}.RegServerAddress": "", f"SipProvider.{n - 1}.Domain": "",
                f"SipAccount.{n:05d}.AuthPassword": None}

    def phone(self, i):
        return {"DmGlobal.0.NtpServer": i.get("ntp_server"),
                "DmGlobal.0.TimeZone": i.get("time_zone"),
                "WebUIAccounts.1.Password": i.settings.get("admin_password"),
                "Provisioning.global.ProvisioningServer": i.base_url}

    def key(self, n, k, _):
        return {}

    def key_off(self, n):
        return {}


class GigasetMaxwell:
    read = staticmethod(read_attributes("provisioning", "param", "name", "value"))

    def line(self, n, a, i):
        at = f"SIP.Account.{n - 1}."
        return {
            at + "Active": "1", at + "Username": a.sip_user, at + "AuthName": a.auth,
            at + "AuthPassword": a.password, at + "DisplayName": a.name, at + "Domain": a.domain,
            at + "ProxyServer.Address": a.host, at + "ProxyServer.Port": a.port,
            at + "RegistrationServer.Address": a.host, at + "RegistrationServer.Port": a.port,
            at + "OutboundProxy.Address": a.proxy_host,
            at + "OutboundProxy.Mode": "0" if a.outbound_proxy else "2",
            at + "VoiceMail.Mailbox": i.get("voicemail_number")}

    def off(self, n):
        at = f"SIP.Account.{n - 1}."
        return {at + "Active": "0", at + "Username": "", at + "AuthPassword": "",
                at + "RegistrationServer.Address": ""}

    def phone(self, i):
        return {"System.DateAndTime.TimeServer": i.get("ntp_server"),
                "WebUI.AdminPassword": i.settings.get("admin_password"),
                "System.Provision.ProvisioningServer": i.base_url + "%MACD.xml",
                "System.Provision.Period": str(i.get("resync_interval"))}

    def key(self, n, k, _):
        at = f"PhoneUI.Keys.FunctionKeys.{n - 1}."
        return {at + "DisplayName": k.label, at + "Type": {
            "line": "0", "speed_dial": "3", "blf": "4", "park": "3", "dtmf": "7"}[k.type]}

    def key_off(self, n):
        return {f"PhoneUI.Keys.FunctionKeys.{n - 1}.Type": Alternatives("-1", "0")}


class GigasetN510:
    read = staticmethod(read_gigaset_n510)
    codec = {"G722": "0x05", "PCMA": "0x01", "PCMU": "0x00", "G729": "0x03"}

    def line(self, n, a, i):
        end = "" if n == 1 else f"_{n}"
        one, three = "BS_IP_Data1.", "BS_IP_Data3."
        return {
            f"{one}ucB_SIP_ACCOUNT_IS_ACTIVE_{n}": "0x1",
            f"{one}aucS_SIP_DISPLAYNAME{end}": a.name, f"{one}aucS_SIP_USER_ID{end}": a.sip_user,
            f"{three}aucS_SIP_LOGIN_ID{end}": a.auth, f"{one}aucS_SIP_PASSWORD{end}": a.password,
            f"{one}aucS_SIP_DOMAIN{end}": a.domain, f"{one}aucS_SIP_SERVER{end}": a.host,
            f"{one}aucS_SIP_REGISTRAR{end}": a.host, f"{one}uiI_SIP_REGISTRAR_PORT{end}": a.port,
            f"{one}aucS_OUTBOUND_PROXY{end}": a.proxy_host,
            f"{one}aucS_VOIP_NET_AM_NUMBER_{n}": i.get("voicemail_number")}

    def off(self, n):
        end = "" if n == 1 else f"_{n}"
        one = "BS_IP_Data1."
        return {f"{one}ucB_SIP_ACCOUNT_IS_ACTIVE_{n}": "0x0", f"{one}aucS_SIP_USER_ID{end}": "",
                f"{one}aucS_SIP_PASSWORD{end}": "", f"{one}aucS_SIP_REGISTRAR{end}": ""}

    def phone(self, i):
        values = {"MAC_ADDRESS": MAC.upper(),
                  "BS_IP_Data1.aucS_TIME_NTP_SERVER": i.get("ntp_server")}
        values.update(by_zone(i, Europe__Berlin={
            "BS_IP_Data1.uiI_TIME_TIMEZONE": "0x1b",
            "BS_IP_Data1.ucB_TIME_USE_AUTOMATIC_DST": "0x1"}))
        return values

    def key(self, n, k, _):
        return {}

    def key_off(self, n):
        return {}


class Ale:
    read = staticmethod(read_attributes("settings", "setting", "id", "value"))
    codec = {"PCMU": "0", "PCMA": "8", "G729": "18", "G722": "9"}

    def line(self, n, a, i):
        at = f"Account{n}"
        values = {
            at + "Enable": "true", at + "RegName": a.auth, at + "UserName": a.sip_user,
            at + "Password": a.password, at + "Label": a.name, at + "DisplayName": a.name,
            at + "Server1Address": a.host, at + "Server1Port": a.port,
            at + "Server1Expire": str(a.expires), at + "OutboundProxy1Address": a.proxy_host,
            at + "OutboundProxy1Port": a.proxy_port or None,
            at + "VmNumber": i.get("voicemail_number")}
        if "codecs" in i.settings:
            values[at + "AudioCodec"] = ";".join(codes(self.codec, i))
        return values

    def off(self, n):
        at = f"Account{n}"
        return {at + "Enable": "false", at + "RegName": "", at + "UserName": "",
                at + "Password": "", at + "Server1Address": "", at + "OutboundProxy1Address": ""}

    def phone(self, i):
        values = {"SettingSntpServer": i.get("ntp_server"),
                  "SettingTimeZoneLocation": i.get("time_zone"),
                  "DeviceSecurityAdminPwd": i.settings.get("admin_password"),
                  "DeviceProvisionServerUrl": "https://" + i.host_path}
        values.update(by_zone(i, Europe__Berlin={"SettingTimeZone": "+01:00"},
                              America__New_York={"SettingTimeZone": "-05:00"},
                              Asia__Kolkata={"SettingTimeZone": "+05:30"}))
        return values

    def key(self, n, k, _):
        if k.type not in ("blf", "speed_dial"):
            return {}
        at = f"ProgramKey{n}"
        return {at + "Type": {"speed_dial": "1", "blf": "59"}[k.type], at + "Label": k.label,
                at + "Value": k.value, at + "Account": str(k.line)}

    def key_off(self, n):
        return {f"ProgramKey{n}Value": Alternatives("", None)}


class Linphone:
    read = staticmethod(read_linphone)

    def line(self, n, a, i):
        quoted = a.name.replace("\\", "\\\\").replace('"', '\\"')
        proxy, auth = f"proxy_{n - 1}/", f"auth_info_{n - 1}/"
        route = f"<sip:{a.outbound_proxy};transport={a.transport};lr>" if a.outbound_proxy else ""
        return {proxy + "reg_proxy": f"<sip:{a.server};transport={a.transport}>",
                proxy + "reg_identity": f'"{quoted}" <sip:{a.sip_user}@{a.domain}>',
                proxy + "reg_route": route, proxy + "reg_expires": str(a.expires),
                proxy + "reg_sendregister": "1",
                auth + "username": a.sip_user if a.password else "",
                auth + "userid": a.auth if a.password else "",
                auth + "passwd": a.password, auth + "domain": a.domain if a.password else ""}

    def off(self, n):
        proxy, auth = f"proxy_{n - 1}/", f"auth_info_{n - 1}/"
        return {proxy + "reg_proxy": "", proxy + "reg_identity": "", proxy + "reg_route": "",
                proxy + "reg_sendregister": "0", auth + "username": "", auth + "passwd": ""}

    def phone(self, i):
        values = {"misc/config-uri": i.base_url + MAC + ".xml",
                  "sip/default_proxy": "0",
                  "sip/media_encryption": "none" if i.get("srtp") == "off" else "srtp",
                  "sip/media_encryption_mandatory": "1" if i.get("srtp") == "mandatory" else "0"}
        rates = {"opus": "48000", "G722": "8000", "PCMU": "8000", "PCMA": "8000", "G729": "8000",
                 "GSM": "8000"}
        wanted = [name for name in i.settings.get("codecs", ["G722", "PCMA", "PCMU"]) if name in rates]
        others = [name for name in rates if name not in wanted]
        for rank, name in enumerate(wanted + others[::-1]):
            values[f"audio_codec_{rank}/mime"] = name
            values[f"audio_codec_{rank}/rate"] = rates[name]
            values[f"audio_codec_{rank}/enabled"] = "1" if name in wanted else "0"
        for rank, rate in (6, "16000"), (7, "8000"):
            values[f"audio_codec_{rank}/mime"] = "speex"
            values[f"audio_codec_{rank}/rate"] = rate
            values[f"audio_codec_{rank}/enabled"] = "0"
        return values

    def key(self, n, k, _):
        return {}

    def key_off(self, n):
        return {}


class Generic:
    read = staticmethod(read_generic)

    def line(self, n, a, i):
        at = f"line[{n}]/"
        return {at + "sip_user": a.sip_user, at + "domain": a.domain, at + "auth_user": a.auth,
                at + "display_name": a.name, at + "password": a.password or None,
                at + "registrar_host": a.host, at + "transport": a.transport,
                at + "registrar_port": str(a.registrar_port) if a.registrar_port else None,
                at + "outbound_proxy": a.outbound_proxy or None, at + "expires": str(a.expires)}

    def off(self, n):
        return {f"line[{n}]/sip_user": None}

    def phone(self, i):
        values = {"ntp_server": i.get("ntp_server"), "time_zone": i.get("time_zone"),
                  "admin_password": i.settings.get("admin_password"), "srtp": i.get("srtp"),
                  "resync_interval": str(i.get("resync_interval")),
                  "voicemail_number": i.get("voicemail_number") or None,
                  "provisioning_base_url": i.base_url,
                  "provisioning_url": i.base_url + MAC + ".xml"}
        for rank, name in enumerate(i.settings.get("codecs", []), 1):
            values[f"codecs/codec[{rank}]"] = name
        return values

    def key(self, n, k, _):
        return {}

    def key_off(self, n):
        return {}
