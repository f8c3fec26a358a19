"""The real nginx on loopback, as a remote cache (WebDAV) and as an origin."""

import os
import shutil
import socket
import subprocess

CONF = """
pid {0}/nginx.pid; error_log {0}/error.log; daemon off; worker_processes 1; user {2};
events {{ worker_connections 64; }}
http {{
    access_log {0}/access.log;
    client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3;
    uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
    server {{
        listen 127.0.0.1:{1};
        root {0}/www;
        location /jig/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 8m; }}
        location /small/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 1m; }}
        location /mine/ {{
            dav_methods PUT; create_full_put_path on; client_max_body_size 8m;
            auth_basic jig; auth_basic_user_file {0}/users;
        }}
        location /fixed/ {{ }}
    }}
}}
"""


class Nginx:
    def __init__(self, folder):
        self.folder = folder
        self.www = folder / "www"
        self.www.mkdir()
        user = "root" if os.getuid() == 0 else "nobody"  # ignored unless root starts it
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        (folder / "conf").write_text(CONF.format(folder, self.port, user))
        (folder / "users").write_text("us:{PLAIN}pw\n")
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
        self.process = subprocess.Popen([nginx, "-e", folder / "error.log", "-c", folder / "conf"],
                                        stdin=subprocess.DEVNULL)
        while True:  # a few milliseconds
            assert self.process.poll() is None, (folder / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                continue

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def asked(self):
        """(method, path, status) of each request."""
        lines = (self.folder / "access.log").read_text().splitlines()
        words = [line.split('"') for line in lines]
        return [(*w[1].split()[:2], int(w[2].split()[0])) for w in words]

    def close(self):
        self.process.terminate()
        self.process.wait()
