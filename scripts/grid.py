"""Times the administrators' grid on a running server: `grid.py PORT USER PASSWORD [ROUNDS]`. Called by scripts/bench.

Prints the median and the 95th percentile in milliseconds, from sending the request to the last byte, over loopback on one
connection, after two requests that are not counted.
"""
import http.client
import re
import statistics
import sys
import time
from urllib.parse import quote, urlencode

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 30
connection = http.client.HTTPConnection("127.0.0.1", port)
headers = {}

SORTS = ["first_eight", "owner", "name", "status", "created_at", "expires_at", "latest_activity", "uses"]
FILTERS = [
    "first_eight~eq=Abcdefgh", "first_eight~contains=abc", "first_eight~startswith=zz",
    "owner~eq=miriam", "owner~contains=miriam", "owner~contains=zzz", "owner_type~in=service",
    "name~eq=ci", "name~startswith=ci on", "name~contains=jupyter", "name~contains=(777777)", "name~doesnotcontain=e",
    "note~eq=pilot", "note~contains=4471", "note~isblank=", "note~isnonblank=",
    "access~in=inherit", "access~in=scopes",
    "policy~eq=analyst", "policy~contains=read", "policy~isblank=", "scope~eq=read:data", "scope~startswith=label.", "scope~neq=read:data",
    "resource~eq=project:imaging", "resource~contains=imaging", "resource~isnonblank=",
    "status~in=active", "status~in=expiring", "status~in=expired", "status~in=disabled", "status~in=revoked",
    "status~in=active;expiring;disabled", "status~in=expired;revoked",
    "created_at~lt=2025-12-01", "created_at~gte=2026-11-20", "expires_at~next=14", "expires_at~lt=2026-12-01", "expires_at~isblank=",
    "latest_activity~isblank=", "latest_activity~older=90", "address~eq=10.0.0.7", "address~startswith=10.3.", "address~isblank=",
    "uses~eq=0", "uses~gt=200000", "lifetime_days~gt=180",
]
COMBINED = [
    "owner~contains=miriam&status~in=active", "owner~eq=miriam&status~in=active", "policy~eq=analyst&status~in=active&sort=expires_at",
    "resource~eq=project:imaging&status~in=active", "scope~eq=read:data&resource~eq=project:imaging",
    "scope~eq=read:data&latest_activity~older=90", "status~in=active&latest_activity~older=90",
    "created_at~gte=2026-11-20&status~in=disabled&sort=owner", "owner_type~in=service&status~in=active&sort=latest_activity",
    "status~in=revoked&sort=expires_at", "status~in=expired&sort=name", "status~in=active&sort=-uses",
    "name~contains=jupyter&status~in=expiring", "address~startswith=10.3.&status~in=active",
]
SEARCHES = [("many hits", "jupyter"), ("many hits, two words", "on hpc-login2"), ("few hits", "(777777)"), ("no hit", "qqqqzz"),
            ("a long text", "nightly import on runner-9"), ("two characters, many", "on"), ("two characters, few", "zq")]


def ask(method, path, fields=None):
    sent = dict(headers)
    body = None
    if fields is not None:
        body = urlencode(fields)
        sent |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    begun = time.perf_counter()
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    return answer, text, (time.perf_counter() - begun) * 1000


def measure(name, path):
    times = []
    for number in range(rounds + 2):
        answer, text, took = ask("GET", path)
        assert answer.status == 200, f"{path}: {answer.status}"
        if number >= 2:
            times.append(took)
    show(name, times, text)


def show(name, times, text):
    times = sorted(times)
    position = re.search(r'aria-live="polite">([^<]*)', text)
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    print(f"{statistics.median(times):9.1f} {p95:9.1f}  {name:44} {position.group(1) if position else ''}", flush=True)


answer, _, _ = ask("POST", "/sign-in", {"username": user, "password": password})
cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
headers["Cookie"] = "; ".join(cookie for cookie in cookies if "claviger=" in cookie)

grid = "/admin/api-keys?"
print("   median       p95  milliseconds")
measure("first page", "/admin/api-keys")
for sort in SORTS:
    measure(f"sorted by {sort}", f"{grid}view=all&sort={sort}")
    measure(f"sorted by {sort}, turned around", f"{grid}view=all&sort=-{sort}")
for text in FILTERS:
    column, value = text.split("=", 1)
    measure(text, f"{grid}{column}={quote(value)}")
for text in COMBINED:
    measure(text, grid + "&".join(f"{column}={quote(value)}" for column, value in (part.split("=", 1) for part in text.split("&"))))
for name, text in SEARCHES:
    measure(f"search, {name}: {text}", f"{grid}q={quote(text)}")
measure("overview", "/admin/overview")
measure("users", "/admin/users")
measure("audit log", "/admin/audit-log")
for name in ["policies", "permissions", "resources", "service-accounts"]:
    measure(name, f"/admin/{name}")
measure("a policy", "/admin/policies/Analyst")

times, path = [], f"{grid}view=all&sort=name"
for _ in range(1000):
    answer, text, took = ask("GET", path)
    times.append(took)
    following = re.search(r'href="([^"]*)"[^>]* rel="next"', text)
    if not following:
        break
    path = following.group(1).replace("&amp;", "&").replace("&#38;", "&")
show(f"{len(times):,} pages by Next", times, text)
show("the last of them", times[-1:], text)
