"""Verification beside a handler that asks nothing, in turns: `verify.py BINARY FLOOR DATABASE_URL FOLDER [SECONDS [ROUNDS]]`. Called by
scripts/bench, over a database that `claviger demo` has filled.

Needs wrk. Each run asks with 100,000 keys in random order: 90 % good, 5 % revoked, 5 % unknown. Prints requests a second, the median
and the 99th percentile, and the ratio to the other handler of the same round; then what a verification costs the process.
"""
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

import demo_secrets

binary, floor, database, folder = sys.argv[1:5]
seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 6
rounds = int(sys.argv[6]) if len(sys.argv) > 6 else 4
KEYS, CONNECTIONS = 100_000, 64
chance = random.Random(1)


def give_secrets():
    """Makes known secrets those of keys of the database, good ones and revoked ones."""
    keys = demo_secrets.give(database, demo_secrets.good(time.time() + 86_400), int(KEYS * 0.9), chance)
    keys += demo_secrets.give(database, demo_secrets.REVOKED, int(KEYS * 0.05), chance)
    secrets = [text for _, text in keys]
    # As many good ones as there are, in the same proportions.
    while len(secrets) < KEYS * 0.95:
        secrets.append(chance.choice(secrets))
    secrets += [demo_secrets.secret(chance) for _ in range(KEYS - len(secrets))]
    path = os.path.join(folder, "secrets")
    with open(path, "w") as file:
        os.chmod(path, 0o600)
        file.write("\n".join(secrets))
    script = os.path.join(folder, "pick.lua")
    with open(script, "w") as file:
        file.write(f"""
local requests = {{}}
function init()
  math.randomseed(os.time() + tonumber(tostring({{}}):sub(8)) % 1000)
  for secret in io.lines("{path}") do
    requests[#requests + 1] = wrk.format("GET", "/verify", {{ ["X-API-Key"] = secret }})
  end
end
function request() return requests[math.random(#requests)] end
""")
    return script


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def serve(*command, **more):
    port = free_port()
    environment = os.environ | {"DATABASE_URL": database, "CLAVIGER_LOG": "error", "CLAVIGER_LISTEN": f"127.0.0.1:{port}"} | more
    command = [part.replace("PORT", str(port)) for part in command]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()
            return process, port
        except urllib.error.HTTPError:
            return process, port
        except OSError:
            time.sleep(0.05)


def wrk(port, script, connections=CONNECTIONS, seconds=seconds):
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, f"http://127.0.0.1:{port}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    span = {"us": 0.001, "ms": 1, "s": 1000}
    percentile = lambda name: (lambda found: float(found[1]) * span[found[2]])(re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", text))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), percentile(50), percentile(99)


def status(process, field):
    return int(re.search(rf"{field}:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) / 1024


def cpu(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(what, runs, beside=None):
    rate, p50, p99 = (statistics.median(column) for column in zip(*runs))
    ratio = "" if beside is None else f", {statistics.median(run[0] / other[0] for run, other in zip(runs, beside)):.2f} of the other"
    print(f"{what}: {rate:,.0f} requests/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms{ratio}", flush=True)


def looked_up(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return int(re.search(r"verification_cache_misses_total (\d+)", answer.read().decode())[1])


def fill(port, script):
    """Asks until next to nothing is looked up any more."""
    while True:
        before = looked_up(port)
        rate, _, _ = wrk(port, script)
        if looked_up(port) - before < rate * seconds / 50:
            return


script = give_secrets()
processes = []
try:
    bare, bare_port = serve(floor, "PORT")
    processes.append(bare)
    claviger, port = serve(binary)
    processes.append(claviger)
    print(f"at rest {status(claviger, 'VmRSS'):.0f} MB")
    fill(port, script)
    runs = {"bare": [], "hit": []}
    costs = []
    for _ in range(rounds):
        runs["bare"].append(wrk(bare_port, script))
        before = cpu(claviger)
        runs["hit"].append(wrk(port, script))
        costs.append((cpu(claviger) - before) / (runs["hit"][-1][0] * seconds) * 1e6)
    show("a handler that asks nothing", runs["bare"])
    show("verifications from memory", runs["hit"], runs["bare"])
    print(f"{statistics.median(costs):.1f} µs of CPU each; {status(claviger, 'VmRSS'):.0f} MB with {KEYS:,} keys in memory")
    show("the same, 8 connections", [wrk(port, script, 8) for _ in range(rounds)])
    claviger.terminate()
    claviger.wait()
    claviger, port = serve(binary, CLAVIGER_CACHE_KEYS="0")
    processes.append(claviger)
    wrk(port, script)
    cold = [(wrk(bare_port, script), wrk(port, script)) for _ in range(rounds)]
    show("without memory", [run for _, run in cold], [other for other, _ in cold])
finally:
    for process in processes:
        process.terminate()
        process.wait()
