"""Times bulk deletion and its undo on a running server: `bulk.py PORT USER PASSWORD [FILTER]`. Called by scripts/bench.

Prints the seconds from the confirmation to the page that says it is done, as an administrator's browser would see it.
"""
import http.client
import re
import sys
import time
from urllib.parse import urlencode

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
chosen = sys.argv[4] if len(sys.argv) > 4 else "name~startswith=n"
connection = http.client.HTTPConnection("127.0.0.1", port)
headers = {"Sec-Fetch-Site": "same-origin"}


def ask(method, path, fields=None):
    body = None if fields is None else urlencode(fields)
    sent = headers if fields is None else headers | {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status < 400, f"{path}: {answer.status}"
    return answer, text


def submit(shown, path, **fields):
    """Fills the page's token and form number in, as its form does; gives where the answer leads."""
    _, page = ask("GET", shown)
    for name in ("csrf", "form"):
        found = re.search(rf'name="{name}" value="([^"]*)"', page)
        if found:
            fields.setdefault(name, found.group(1))
    answer, _ = ask("POST", path, fields)
    return answer.getheader("location"), page


def wait(job):
    while True:
        _, page = ask("GET", job)
        if 'http-equiv="refresh"' not in page:
            return page
        time.sleep(0.1)


answer, _ = ask("POST", "/sign-in", {"username": user, "password": password})
cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
headers["Cookie"] = "; ".join(cookie for cookie in cookies if "claviger=" in cookie)

begun = time.perf_counter()
draft, _ = submit("/admin/api-keys", "/admin/api-keys/bulk", scope="matching", do="delete", state=chosen)
frozen = time.perf_counter()
_, page = ask("GET", draft)
number = re.search(r'data-confirm-match="(\d+)"', page).group(1)
shown = time.perf_counter()
print(f"{int(number):,} keys match {chosen}: frozen in {frozen - begun:.1f} s, the confirmation shown in {shown - frozen:.1f} s")
confirmed = time.perf_counter()
job, _ = submit(draft, draft, number=number)
wait(job)
print(f"deleted in {time.perf_counter() - confirmed:.1f} s", flush=True)
begun = time.perf_counter()
undo, _ = submit(job, f"{job}/undo")
wait(undo)
print(f"brought back in {time.perf_counter() - begun:.1f} s")
