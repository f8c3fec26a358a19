"""Something that answers like jigd, as a test tells it to: for what the real one seldom does.

    with FakeJigd(path) as fake:
        fake.answers["GetStatus"] = {"version": "9.9", "pid": "7"}      the reply, as proto3 JSON
        fake.answers["StartBuild"] = Refusal("NOT_FOUND", "no such folder")
        fake.answers["WatchOperation"] = function(request) -> either, or HOLD for no reply

It speaks the Scalability Protocols' REP side over a unix socket by itself, so that it can also say
what no daemon should. Messages are made from the contract's descriptors.
"""

import os
import pathlib
import socket
import struct
import threading

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from jig_bench import BUILD

GREETING = b"\0SP\0\0\x31\0\0"
CODES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS "
         "PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE "
         "UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED").split()
HOLD = object()


def _pool():
    files = descriptor_pb2.FileDescriptorSet()
    files.ParseFromString((BUILD / "generated" / "jig.v1.descriptors").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


POOL = _pool()


def message(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


class Refusal:
    """A call that fails."""

    def __init__(self, code, text, reason=None, hint="", details=()):
        self.status = {"code": CODES.index(code), "message": text, "hint": hint,
                       "details": list(details)}
        if reason is not None:
            self.status["reason"] = f"ERROR_REASON_{reason}"


class FakeJigd:
    def __init__(self, path, protocol=1):
        self.path = pathlib.Path(path)
        self.protocol = protocol
        self.answers = {}
        self.calls = []  # (method, request as a dict), in the order they came
        self.changed = threading.Condition()
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"ipc://{self.path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.hang_up()

    def hang_up(self):
        with self.changed:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def requests(self, method):
        with self.changed:
            return [request for name, request in self.calls if name == method]

    def methods(self):
        with self.changed:
            return [name for name, _ in self.calls]

    def wait_for(self, method, count=1, seconds=60):
        """The count-th request of that method, when it has come."""
        with self.changed:
            there = lambda: [r for name, r in self.calls if name == method]  # noqa: E731
            assert self.changed.wait_for(lambda: len(there()) >= count, seconds), \
                f"no call {count} of {method}: {[name for name, _ in self.calls]}"
            return there()[count - 1]

    # ---- the wire

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            assert connection.recv(8, socket.MSG_WAITALL)[:4] == b"\0SP\0"
            connection.sendall(GREETING)
            while True:
                head = connection.recv(9, socket.MSG_WAITALL)
                if len(head) < 9:
                    return
                body = connection.recv(struct.unpack(">Q", head[1:])[0], socket.MSG_WAITALL)
                threading.Thread(target=self._handle, args=(connection, body), daemon=True).start()
        except OSError:
            return

    def _handle(self, connection, body):
        request = message("jig.v1.Request").FromString(body[4:])
        service, _, name = request.method.lstrip("/").partition("/")
        method = POOL.FindServiceByName(service).methods_by_name[name]
        payload = message_factory.GetMessageClass(method.input_type).FromString(request.payload)
        asked = json_format.MessageToDict(payload)
        with self.changed:
            self.calls.append((name, asked))
            self.changed.notify_all()
        answer = self.answers.get(name, Refusal("UNIMPLEMENTED", f"the fake knows no {name}"))
        if callable(answer):
            answer = answer(asked)
        if answer is HOLD:
            return
        response = message("jig.v1.Response")(request_id=request.request_id,
                                              server_version="9.9.fake",
                                              protocol_version=self.protocol)
        if isinstance(answer, Refusal):
            json_format.ParseDict(answer.status, response.status)
        else:
            reply = message_factory.GetMessageClass(method.output_type)()
            response.payload = json_format.ParseDict(answer, reply).SerializeToString()
        data = body[:4] + response.SerializeToString()
        try:
            connection.sendall(b"\x01" + struct.pack(">Q", len(data)) + data)
        except OSError:
            pass  # the client has gone


def operation(state="RUNNING", **more):
    """An operation as proto3 JSON."""
    return {"id": "00112233445566aa", "kind": "OPERATION_KIND_BUILD",
            "state": f"OPERATION_STATE_{state}", "subject": "/p (uno)", "owner": "ann", **more}


def environment_of(process_id):
    with open(f"/proc/{process_id}/environ", "rb") as f:
        return dict(item.split("=", 1) for item in os.fsdecode(f.read()).split("\0") if "=" in item)
