"""An instance that root starts and that becomes another user: nobody."""

import os
import pwd
import shutil

from instance import TOP, Instance

USER, GROUP = "nobody", "nogroup"


class DroppedInstance(Instance):
    """Its folder is another user's to enter, its control socket in a folder that is not there yet."""

    def __init__(self, folder, **settings):
        super().__init__(folder, **settings)
        self.control = folder / "run" / "control.sock"
        self.owner = pwd.getpwnam(USER)
        for path in (folder, folder.parent):
            path.chmod(0o755)
        for name in ("templates", "vendors"):
            shutil.copytree(os.path.join(TOP, "conf", name), folder / f"shipped-{name}")
        for name in ("rsa.key", "ecdsa.key"):
            self.give(folder / name)
        self.write_conf()

    def give(self, path):
        os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def conf_text(self):
        text = super().conf_text()
        for old, new in ((f"user = '{pwd.getpwuid(os.geteuid()).pw_name}'", f"user = '{USER}'"),
                         ("group = 'root'", f"group = '{GROUP}'"),
                         (f"{TOP}/conf/templates", f"{self.folder}/shipped-templates"),
                         (f"{TOP}/conf/vendors", f"{self.folder}/shipped-vendors")):
            assert old in text
            text = text.replace(old, new)
        return text

    def status(self):
        """Key and value of /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
