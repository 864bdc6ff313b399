"""deploy/nginx.conf, run by nginx with TLS in front of a node."""

import json
import re
from collections.abc import Iterator

import pytest
import requests

from tests.deploy.node import HOST, NGINX, Node, nginx

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="no nginx here"),
    pytest.mark.xdist_group("node"),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
]


@pytest.fixture(scope="module")
def origins(a_node: Node) -> Iterator[tuple[str, str]]:
    with nginx(a_node) as made:
        yield made


def get(origin: str, path: str, **headers: str) -> requests.Response:
    return requests.get(
        origin + path, headers={"Host": HOST, **headers}, timeout=10, verify=False, allow_redirects=False
    )


def test_http_leads_to_https(origins: tuple[str, str]) -> None:
    answer = get(origins[0], "/code/?a=b")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/code/?a=b")


def test_a_page_comes_by_tls_with_its_headers_and_cookies(origins: tuple[str, str]) -> None:
    answer = get(origins[1], "/")
    assert answer.status_code == 200 and "<form" in answer.text
    assert "Strict-Transport-Security" in answer.headers and "nginx/" not in answer.headers["Server"]
    assert "__Host-csrftoken" in answer.cookies


def test_static_files_are_served_by_nginx_for_a_year_and_more(origins: tuple[str, str]) -> None:
    [css] = re.findall(r'href="(/static/[^"]*site\.[0-9a-f]+\.css)"', get(origins[1], "/").text)
    answer = get(origins[1], css)
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    assert "X-Request-ID" not in answer.headers  # not from the product
    assert get(origins[1], "/static/../settings.py").status_code in (400, 404)


def test_a_file_that_nginx_does_not_have_is_asked_of_the_product(origins: tuple[str, str]) -> None:
    assert "X-Request-ID" in get(origins[1], "/static/nowhere.css").headers


def test_the_person_has_their_own_address_whatever_they_claim(origins: tuple[str, str], a_node: Node) -> None:
    url = f"{origins[1]}/start/"
    with requests.Session() as browser:
        browser.verify = browser.trust_env = False
        browser.headers["Host"] = HOST
        page = browser.get(f"{origins[1]}/", timeout=10)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        headers = {"Referer": f"https://{HOST}/", "X-Forwarded-For": "203.0.113.9", "X-Request-ID": "f" * 32}
        answer = browser.post(url, {"csrfmiddlewaretoken": token[1]}, headers=headers, timeout=10)
    assert answer.headers["X-Request-ID"] != "f" * 32
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_a_large_body_is_refused_by_nginx(origins: tuple[str, str]) -> None:
    answer = requests.post(f"{origins[1]}/start/", b"x" * 70_000, headers={"Host": HOST}, timeout=10, verify=False)
    assert answer.status_code == 413 and "X-Request-ID" not in answer.headers


def test_a_flood_from_one_address_is_refused_by_nginx(a_node: Node) -> None:
    with nginx(a_node) as origins, requests.Session() as session:  # one of its own: it goes on refusing
        session.verify = session.trust_env = False
        session.headers["Host"] = HOST
        seen = {session.get(f"{origins[1]}/healthz", timeout=10).status_code for _ in range(400)}
    assert 429 in seen


def test_the_node_logs_its_refusals_in_json(a_node: Node) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "X-Forwarded-Proto": "https"}
    requests.post(f"http://127.0.0.1:{a_node.port}/start/", headers=headers, timeout=10)
    lines = [json.loads(line) for line in a_node.log.splitlines() if line.startswith("{")]
    assert lines[-1]["logger"].startswith("django") or lines[-1]["facts"] == {"reason": "other_site"}
    assert {"reason": "other_site"} in [line.get("facts") for line in lines]
