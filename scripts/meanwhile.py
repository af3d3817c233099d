"""Times verifications while a server does something else: `meanwhile.py PORT USER PASSWORD DATABASE_URL`. Called by scripts/bench.

200 verifications a second on two connections, of 10,000 keys in turn, first quiet, then while 64 people at a time fail to sign in,
while about a ninth of all keys is deleted and brought back, and while all keys are exported. Prints the median, the 99th percentile
and the longest in milliseconds, and how many were not answered with 200.
"""
import http.client
import os
import random
import statistics
import subprocess
import sys
import threading
import time

import demo_secrets

port, user, password, database = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
RATE, CONNECTIONS, QUIET = 200, 2, 10
here = os.path.dirname(os.path.abspath(__file__))
# Keys whose names are not those that `bulk.py` deletes.
condition = f"{demo_secrets.good(time.time() + 86_400)} AND name_folded NOT LIKE 'n%'"
secrets = [secret for _, secret in demo_secrets.give(database, condition, 10_000, random.Random(2))]


class Asker(threading.Thread):
    """Asks at an even pace until it is told to stop; what was late counts from when it should have been asked."""

    def __init__(self, number):
        super().__init__()
        self.number, self.over, self.times, self.others = number, threading.Event(), [], 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due, at = time.perf_counter(), self.number
        while not self.over.is_set():
            due += CONNECTIONS / RATE
            time.sleep(max(0, due - time.perf_counter()))
            at += CONNECTIONS
            connection.request("GET", "/verify", headers={"X-API-Key": secrets[at % len(secrets)]})
            answer = connection.getresponse()
            answer.read()
            self.others += answer.status != 200
            self.times.append((time.perf_counter() - due) * 1000)


def meanwhile(name, work):
    askers = [Asker(number) for number in range(CONNECTIONS)]
    for asker in askers:
        asker.start()
    said = work()
    for asker in askers:
        asker.over.set()
        asker.join()
    times = sorted(time for asker in askers for time in asker.times)
    p99, others = times[int(len(times) * 0.99)], sum(asker.others for asker in askers)
    print(f"{name}: {statistics.median(times):.2f}, {p99:.1f}, {times[-1]:.0f} ms of {len(times):,}; {others} not 200. {said}", flush=True)


def run(script, *arguments):
    done = subprocess.run([sys.executable, f"{here}/{script}", str(port), *arguments], check=True, capture_output=True, text=True)
    return "; ".join(done.stdout.split("\n")[-3:]).strip("; ")


def export():
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("POST", "/sign-in", f"username={user}&password={password}",
                       {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"})
    answer = connection.getresponse()
    answer.read()
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    connection.request("GET", "/admin/api-keys/export.csv?view=all", headers={"Cookie": "; ".join(c for c in cookies if "claviger=" in c)})
    answer, size, begun = connection.getresponse(), 0, time.perf_counter()
    assert answer.status == 200, answer.status
    while part := answer.read(1 << 20):
        size += len(part)
    return f"{size / 1e6:.0f} MB in {time.perf_counter() - begun:.0f} s"


def quiet():
    time.sleep(QUIET)
    return ""


meanwhile("quiet, first time", quiet)
meanwhile("quiet", quiet)
meanwhile("while an export of all keys is read", export)
meanwhile("while keys are deleted and brought back", lambda: run("bulk.py", user, password))
meanwhile("while 64 people at a time fail to sign in", lambda: run("flood.py", str(QUIET)))
