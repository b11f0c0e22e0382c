"""What is put into a phone's file, and the ways to say what a table expects of it."""
import json
import os
from dataclasses import dataclass, field

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENDORS = os.path.join(TOP, "conf", "vendors")
MAC = "cc5ef641b794"


class Alternatives:
    """Any of these is right: most phones take an empty value, some have a word for it."""

    def __init__(self, *values):
        self.values = values

    def __eq__(self, other):
        return other in self.values

    def __repr__(self):
        return " or ".join(repr(value) for value in self.values)


NOTHING = Alternatives("", "%NULL%")


# -- what was put in ------------------------------------------------------------------------------

@dataclass
class Account:
    sip_user: str
    domain: str = "sip.example.net"
    password: str = "Secret-123"
    display_name: str = ""
    auth_user: str = ""
    registrar_host: str = ""
    registrar_port: int = 0
    transport: str = "udp"
    outbound_proxy: str = ""
    expires: int = 3600

    @property
    def name(self):
        return self.display_name or self.sip_user

    @property
    def auth(self):
        return self.auth_user or self.sip_user

    @property
    def host(self):
        return self.registrar_host or self.domain

    @property
    def port(self):
        return str(self.registrar_port or (5061 if self.transport == "tls" else 5060))

    @property
    def server(self):
        """HOST[:PORT]: the port only if one was given."""
        return f"{self.host}:{self.registrar_port}" if self.registrar_port else self.host

    @property
    def proxy_host(self):
        return self.outbound_proxy.partition(":")[0]

    @property
    def proxy_port(self):
        if not self.outbound_proxy:
            return ""
        return self.outbound_proxy.partition(":")[2] or (
            "5061" if self.transport == "tls" else "5060")

    @property
    def minutes(self):
        return str(max(1, -(-self.expires // 60)))


@dataclass
class Key:
    type: str
    value: str = ""
    label: str = ""
    line: int = 1


@dataclass
class Inputs:
    model: str
    accounts: dict
    keys: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    base_url: str = ""  # https://HOST/provision/TOKEN/

    def get(self, name):
        defaults = {"ntp_server": "pool.ntp.org", "voicemail_number": "", "srtp": "off",
                    "resync_interval": 86400, "time_zone": "Etc/UTC"}
        return self.settings.get(name, defaults.get(name))

    @property
    def host_path(self):
        return self.base_url.split("://", 1)[1].rstrip("/")

    @property
    def minutes(self):
        return str(max(1, -(-self.get("resync_interval") // 60)))

    @property
    def hours(self):
        return str(max(1, -(-self.get("resync_interval") // 3600)))


def catalogue(vendor):
    with open(os.path.join(VENDORS, vendor + ".json"), encoding="utf-8") as file:
        return json.load(file)


def slots(vendor, model):
    """(lines, keys) of a model."""
    data = catalogue(vendor)
    for row in data["models"]:
        if row["model"] == model:
            return row["lines"], row["keys"]
    return data["lines"], data["keys"]


def codes(table, inputs):
    """The wanted codecs in order, as the vendor calls them."""
    return [table[name] for name in inputs.settings.get("codecs", []) if name in table]


def by_zone(inputs, **zones):
    """What a vendor says of the zone, if the table knows: names with '__' for '/'."""
    return zones.get(inputs.get("time_zone").replace("/", "__"), {})


def password(inputs, **places):
    wanted = inputs.settings.get("admin_password")
    return {name.replace("__", "."): (form.format(wanted) if wanted else None)
            for name, form in places.items()}
