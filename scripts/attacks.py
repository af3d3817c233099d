"""What others notice of an attack on a running server: `attacks.py PORT USER PASSWORD PID`. Called by scripts/bench.

First 2,000 connections of one address that send a byte a second, or nothing, for 60 s, opened again as often as they are closed;
then, in an administrator's session, eight at a time for 30 s, links to the grid that were made to cost much. Meanwhile another
address asks /verify. The memory of the process is read before, at its most, and 70 s later.
"""
import http.client
import resource
import socket
import sys
import threading
import time

from browser import Browser

port, user, password, pid = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
browser = Browser(port)
assert browser.sign_in(user, password) == 200, "not signed in"
key = browser.key()


def memory():
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def verifying(until, times, failed):
    connection = None
    while time.time() < until:
        try:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=("127.0.0.9", 0))
            since = time.perf_counter()
            connection.request("GET", "/verify", headers={"X-API-Key": key})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - since)
            if answer.status != 200:
                failed.append(answer.status)
        except OSError as error:
            failed.append(type(error).__name__)
            connection = None
        time.sleep(0.005)


def meanwhile(seconds, attack):
    """Attacks for so long, and gives how others fared."""
    until, times, failed = time.time() + seconds, [], []
    others = [threading.Thread(target=verifying, args=(until, times, failed)) for _ in range(2)]
    for other in others:
        other.start()
    attack(until)
    for other in others:
        other.join()
    times.sort()
    half, most = 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)]
    return f"{len(times)} verifications of others, {len(failed)} failed, p50 {half:.1f} ms, p99 {most:.1f} ms"


SLOW = [
    b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"PUT /api/v1/services/x/permissions HTTP/1.1\r\nHost: localhost\r\nX-API-Key: clv_nothing\r\nContent-Length: 200000\r\n\r\n{",
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\na",
    b"",
]
most, opened = memory(), 0


def slow_connections(until):
    global most, opened
    held = []
    while time.time() < until:
        alive = []
        for connection, kind in held:
            try:
                connection.setblocking(False)
                try:
                    if connection.recv(4096) == b"":
                        connection.close()
                        continue
                except BlockingIOError:
                    pass
                if SLOW[kind]:
                    connection.send(b"a")
                alive.append((connection, kind))
            except OSError:
                connection.close()
        held = alive
        while len(held) < 2000 and time.time() < until:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=1, source_address=("127.0.0.7", 0))
                kind = opened % len(SLOW)
                connection.send(SLOW[kind])
                held.append((connection, kind))
                opened += 1
            except OSError:
                break
        most = max(most, memory())
        time.sleep(1)
    for connection, _ in held:
        connection.close()


before = memory()
told = meanwhile(60, slow_connections)
time.sleep(70)
print(f"slow connections: {opened} opened; {told}")
print(f"memory: {before:.1f} MB before, {most:.1f} MB at most, {memory():.1f} MB 70 s later")

names = "%3B".join(f"name{n}" for n in range(200))
LINKS = [
    "&".join(f"name~in={names}" for _ in range(6)),
    "&".join(f"x{n}~eq=1" for n in range(3000)),
    f"view=all&name~in={names}",
    "view=all&" + "&".join(f"note~doesnotcontain=zz{n}" for n in range(20)),
]
answers = {}
largest = 0


def costly_links(until):
    def one(which):
        global largest
        while time.time() < until:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            headers = {"Cookie": browser.cookie(), "Sec-Fetch-Site": "same-origin"}
            connection.request("GET", f"/admin/api-keys?{LINKS[which]}", headers=headers)
            answer = connection.getresponse()
            largest = max(largest, len(answer.read()))
            answers[answer.status] = answers.get(answer.status, 0) + 1
            connection.close()

    threads = [threading.Thread(target=one, args=(n % len(LINKS),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


told = meanwhile(30, costly_links)
print(f"costly links: {sum(answers.values())} answers {answers}, the largest {largest} bytes; {told}")
