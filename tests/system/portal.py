"""An instance with a listener for the portal, and browsers of it that have nothing but a cookie."""

import json

from instance import free_port

API = "/api/v1"
COOKIE = "__Host-autoprovd"
PASSWORD = "correct horse battery"
# What a page of ours lets its browser say.
OURS = "Sec-Fetch-Site: same-origin\r\n"

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "img-src 'self'; connect-src 'self'; form-action 'self'; "
                               "frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Portal:
    def __init__(self, make_instance, keys=""):
        self.port = free_port()
        self.instance = make_instance()
        folder = self.instance.folder
        self.instance.extra = f"""
listener "portal" {{
    serves = portal
    port = {self.port}
    {keys}
    certificate "rsa" {{
        certificate_file = '{folder}/rsa.pem'
        key_file = '{folder}/rsa.key'
    }}
}}
"""
        self.instance.write_conf()
        self.instance.init()
        self.instance.start()
        # Whoever is refused is told to the log.
        self.instance.expected_log.append("admin_refused ")

    def raw(self, request, source="127.0.0.1"):
        port, self.instance.port = self.instance.port, self.port
        try:
            answer = self.instance.raw(request, source=source)
        finally:
            self.instance.port = port
        if answer:
            for name, value in HEADERS.items():
                assert answer.headers.get(name) == value, (name, answer.head)
        return answer

    def get(self, path, fields="", method="GET", host="localhost"):
        return self.raw(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode())

    def browser(self, source="127.0.0.1"):
        return Browser(self, source)

    def control(self, method, path, body=None):
        """Through the control socket: as autoprovctl's users."""
        import http.client
        import socket
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.instance.control))
        text = json.dumps(body if body is not None else {}) if method != "GET" else None
        if method == "DELETE":
            text = None
        connection.request(method, API + path, body=text,
                           headers={"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        content = json.loads(answer.read() or "null")
        connection.close()
        return answer.status, content

    def set_up(self, name="eva", password=PASSWORD):
        """The first admin; returns her browser."""
        status, made = self.control("POST", "/admins/setup-token")
        assert status == 201, made
        self.instance.secrets += [made["token"], password]
        browser = self.browser()
        answer = browser.ask("POST", "/setup", {"token": made["token"], "name": name,
                                                "password": password})
        assert answer.status == 201, answer.body
        return browser

    def add_admin(self, name, role, password=None):
        password = password or f"password of {name}"
        self.instance.secrets.append(password)
        status, made = self.control("POST", "/admins", {"name": name, "role": role,
                                                        "password": password})
        assert status == 201, made
        return password

    def sign_in(self, name, password):
        browser = self.browser()
        answer = browser.sign_in(name, password)
        assert answer.status == 201, answer.body
        return browser

    def invite(self, user, seconds=None):
        """Returns the token of a link and the invitation."""
        status, made = self.control("POST", f"/users/{user}/invitations",
                                    {"for": seconds} if seconds else {})
        assert status == 201, made
        base, token = made["url"].rsplit("/", 1)
        assert base == f"https://localhost:{self.port}/#/activate"
        self.instance.secrets.append(token)
        return token, made


class Browser:
    def __init__(self, portal, source="127.0.0.1"):
        self.portal = portal
        self.source = source
        self.cookie = None

    def ask(self, method, path, body=None, fields=OURS, host="localhost"):
        text = json.dumps(body) if body is not None else ""
        if body is None and method in ("POST", "PUT", "PATCH"):
            text = "{}"
        if self.cookie:
            fields += f"Cookie: other=1; {COOKIE}={self.cookie}; more=2\r\n"
        if text:
            fields += f"Content-Type: application/json\r\nContent-Length: {len(text.encode())}\r\n"
        request = f"{method} {API}{path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n{text}"
        answer = self.portal.raw(request.encode(), source=self.source)
        assert answer.headers["cache-control"] == "private, no-store"
        answer.json = json.loads(answer.body) if answer.body else None
        self.keep(answer.headers.get("set-cookie"))
        return answer

    def keep(self, text):
        if text is None:
            return
        pair, rules = text.split("; ", 1)
        name, value = pair.split("=")
        assert name == COOKIE
        if value:
            assert rules == "Secure; HttpOnly; SameSite=Strict; Path=/"
            self.portal.instance.secrets.append(value)
        else:
            assert rules == "Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        self.cookie = value or None

    def sign_in(self, name, password):
        return self.ask("POST", "/session", {"name": name, "password": password})

    def get(self, path):
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json
