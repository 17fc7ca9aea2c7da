"""A national system made by `euccs admin init`, with users who log in, for the judges that need one."""

import os
import subprocess

import ground

DOMAIN = "mc.it.example"
PASSWORD = "pioggia e vento 112"
OPTIONS = ["access-port", "partner-port", "web-port", "operations-port", "media-port", "partner-media-port"]


class Nation:
    """Below WORK, on loopback. User NAME logs in as NAME with PASSWORD, his device with `device of NAME`."""

    def __init__(self, users, groups=(), folder="nation"):
        self.folder = os.path.join(ground.WORK, folder)
        self.access, _, self.web, self.operations, *_ = ports = ground.free_pairs(6)
        ground.run(
            "admin", "init", "--folder", self.folder, "--name", "Italia", "--country", "IT", "--domain", DOMAIN,
            "--address", "127.0.0.1", "--spare-ports", "0",
            *[word for name, port in zip(OPTIONS, ports) for word in (f"--{name}", port)])
        self.configuration = self.path("system.yaml")
        self.authority = self.path("authority.pem")
        with open(self.path("users.csv"), "w", encoding="utf-8") as file:
            file.write("id,password,login_name,login_password,display_name,organisation,profile\n")
            file.writelines(
                f"{self.identity(name)},device of {name},{name},{self.password(name)},{name},national,responder\n"
                for name in users)
        with open(self.path("groups.csv"), "w", encoding="utf-8") as file:
            file.write("id,name,type,organisation,hang_time,members\n")
            for name, kind in groups:
                members = " ".join(self.identity(user) for user in users)
                file.write(f"{self.identity(name)},{name},{kind},national,30 s,{members}\n")
        self.admin("import", "--as", "admin", "--users", self.path("users.csv"), "--groups", self.path("groups.csv"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def identity(self, name):
        return f"sip:{name}@{DOMAIN}"

    def password(self, name):
        return PASSWORD

    def admin(self, command, *arguments, **more):
        words = command.split()
        return ground.run("admin", *words, "--config", self.configuration, *arguments, **more)

    def serve(self):
        self.system = ground.start([ground.EUCCS, "serve", "--config", self.configuration], "nation.log")
        ground.wait(60, lambda: "ready: " in ground.text(self.system.log), "the system", self.system)
        return self

    def cut_power(self):
        self.system.kill()
        self.system.wait()
        os.truncate(self.system.log, 0)

    def profile(self, name):
        path = self.path(f"{name}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"initial_configuration: https://127.0.0.1:{self.web}/xcap/org.3gpp.mcptt.ue-init-config/users/"
                f"{self.identity(name)}/{name}-radio\n"
                f"sip_identity: {self.identity(name)}\nuser_name: {name}@{DOMAIN}\npassword: device of {name}\n"
                f'edge: "127.0.0.1:{self.access}"\nauthority: authority.pem\naddress: 127.0.0.1\n'
                f"login_name: {name}\nlogin_password: {self.password(name)}\n")
        return path

    def device(self, name, command, *arguments, log=None):
        """A responder's device at work."""
        return ground.start(
            [ground.EUCCS, "responder", command, "--profile", self.profile(name), *arguments], log or f"{name}.log")
