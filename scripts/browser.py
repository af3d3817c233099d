"""A browser for the scripts of scripts/bench: signs in, sends forms with their hidden fields, gets keys."""
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request

SECRET = re.compile(r"clv_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}")


class Browser:
    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.opener.addheaders = [("Sec-Fetch-Site", "same-origin")]

    def ask(self, path, fields=None):
        """Status and text of an answer, redirects followed."""
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        try:
            with self.opener.open(self.base + path, body) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def sign_in(self, user, password):
        return self.ask("/sign-in", {"username": user, "password": password})[0]

    def hidden(self, page, names):
        """The hidden fields of these names, from the text of a page."""
        return {name: re.search(rf'name="{name}" value="([^"]*)"', page).group(1) for name in names}

    def key(self):
        """A new API key."""
        path = "/external-tool-access/generate"
        return SECRET.search(self.ask(path, self.hidden(self.ask(path)[1], ["csrf", "form"]))[1]).group(0)

    def cookie(self):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
