"""Three servers on one Postgres, and a checker of what they say: `torture.py nodes BINARY DATABASE_URL KEYS`. Called by scripts/torture, over
a database that `claviger demo` has filled.

Each key is asked on all three servers, so that all remember it, revoked on one of them with itself, and asked on all until all refuse it. A
verification that began after the revocation was acknowledged must not be good on the server that took it; on the others not later than the bound.
The control changes keys behind the servers' back: the checker has to find that, or it finds nothing.
"""
import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import demo_secrets

BOUND = 1.0
WORKERS = 12


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Node:
    def __init__(self, binary, database):
        self.port = free_port()
        environment = os.environ | {"DATABASE_URL": database, "CLAVIGER_LOG": "error", "CLAVIGER_LISTEN": f"127.0.0.1:{self.port}"}
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz").close()
                return
            except OSError:
                time.sleep(0.05)


class Client:
    """Connections of one worker, one to each server."""

    def __init__(self, nodes):
        self.connections = [http.client.HTTPConnection("127.0.0.1", node.port, timeout=30) for node in nodes]

    def ask(self, node, secret, method="GET", path="/verify"):
        connection = self.connections[node]
        connection.request(method, path, headers={"X-API-Key": secret})
        answer = connection.getresponse()
        answer.read()
        return answer.status


class Checker:
    def __init__(self):
        self.lock, self.violations, self.delays, self.revoked = threading.Lock(), [], [], 0

    def note(self, key, node, was_taken_here, late):
        """A verification was good so many seconds after the revocation was acknowledged, counted to when it began."""
        if late > (0 if was_taken_here else BOUND):
            with self.lock:
                self.violations.append(f"{key} was good on server {node}, {late * 1000:.0f} ms after its revocation")

    def done(self, delay):
        with self.lock:
            self.delays.append(delay)
            self.revoked += 1


def revoke_each(nodes, keys, checker, revoke, patience):
    client, chance = Client(nodes), random.Random(threading.get_ident())
    for first_eight, secret in keys:
        for node in range(len(nodes)):
            assert client.ask(node, secret) == 200, f"{first_eight} is not good before it is revoked"
        taken_by = chance.randrange(len(nodes))
        revoke(client, taken_by, first_eight, secret)
        acknowledged = time.monotonic()
        good, delay = set(range(len(nodes))), 0.0
        while good and time.monotonic() < acknowledged + patience:
            for node in list(good):
                began = time.monotonic()
                status = client.ask(node, secret)
                if status == 200:
                    delay = max(delay, began - acknowledged)
                    checker.note(first_eight, node, node == taken_by, began - acknowledged)
                else:
                    assert status == 401, status
                    good.discard(node)
        checker.done(delay)


def run(nodes, keys, revoke, patience=10.0):
    checker = Checker()
    threads = [
        threading.Thread(target=revoke_each, args=(nodes, keys[worker::WORKERS], checker, revoke, patience)) for worker in range(WORKERS)
    ]
    began = time.monotonic()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert checker.revoked == len(keys), f"only {checker.revoked} of {len(keys)} were tried"
    return checker, time.monotonic() - began


def by_api(client, node, first_eight, secret):
    status = client.ask(node, secret, "DELETE", f"/api/v1/api_keys/{first_eight}")
    assert status in (200, 204), status


part, binary, database, wanted = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
assert part == "nodes", part
keys = demo_secrets.give(database, demo_secrets.good(time.time() + 86_400), wanted + WORKERS, random.Random(1))
controls, keys = keys[:WORKERS], keys[WORKERS:]
nodes = [Node(binary, database) for _ in range(3)]
try:
    checker, seconds = run(nodes, keys, by_api)
    delays = sorted(checker.delays)
    at = lambda share: delays[min(int(len(delays) * share), len(delays) - 1)] * 1000
    print(f"{len(keys):,} revocations in {seconds:.0f} s: {len(checker.violations)} violations; good elsewhere for "
          f"{at(0.5):.0f} ms in the median, {at(0.99):.0f} ms in the 99th percentile, {at(1):.0f} ms at most")

    def behind_their_back(client, node, first_eight, secret):
        demo_secrets.run_sql(database, f"UPDATE api_keys SET revoked_at = 1 WHERE first_eight = '{first_eight}'")

    control, _ = run(nodes, controls, behind_their_back, patience=BOUND + 0.5)
    print(f"control: {len(control.violations)} violations found where nothing was told")
    sys.exit("\n".join(checker.violations[:10]) if checker.violations else 0 if control.violations else "the control found nothing")
finally:
    for node in nodes:
        node.process.terminate()
        node.process.wait()
