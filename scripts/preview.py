"""Signs in while new lifetime rules are previewed: `preview.py PORT USER PASSWORD`. Called by scripts/bench grid.

The preview freezes the keys that the rules would hit. Prints how long it took, and how long sign-ins took meanwhile.
"""
import sys
import threading
import time

from browser import Browser

port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
browser = Browser(port)
assert browser.sign_in(user, password) == 200, "not signed in"
page = browser.ask("/admin/lifetime-rules")[1]
fields = browser.hidden(page, ["csrf", "version"])
fields |= {"default_lifetime": "7", "longest_lifetime": "20", "idle_days": "", "keys_per_owner": "0"}
done = {}


def preview():
    since = time.perf_counter()
    status, _ = browser.ask("/admin/lifetime-rules", fields)
    done[status] = time.perf_counter() - since


previewing = threading.Thread(target=preview)
previewing.start()
times, statuses = [], set()
while previewing.is_alive():
    since = time.perf_counter()
    statuses.add(Browser(port).sign_in(user, password))
    times.append(1000 * (time.perf_counter() - since))
previewing.join()
times.sort()
print(f"preview of lifetime rules: {done}; {len(times)} sign-ins meanwhile, statuses {statuses}, median {times[len(times) // 2]:.0f} ms, slowest {times[-1]:.0f} ms")
