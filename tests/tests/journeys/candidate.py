"""A candidate's provider in a process of its own, so that it can be stopped: it prints its port and
answers every call for the code of an order with that code.

candidate.py [SERVER.PEM KEY]: over TLS, to whoever says KEY in the field `api-key`."""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


CERTIFICATE, KEY = sys.argv[1:] or (None, None)


class Candidate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one write, and at once.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if KEY and self.headers["api-key"] != KEY:
            self.send_error(401)
            return
        message = {"role": "assistant", "content": call["metadata"]["expected"]}
        reply = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1767225600,
            "model": call["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        }
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


with Server(("127.0.0.1", 0), Candidate) as server:
    if CERTIFICATE:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()
