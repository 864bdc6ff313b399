"""A fixed corpus of hostile requests. No page of ours makes them; each has once caused a 500 in some application."""

from dataclasses import dataclass, field
from itertools import cycle

from tests.hostile.paths import OURS

FORM, JSON, MULTIPART = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
METHODS = ("TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "CONNECT", "PROPFIND", "get", "\u00c4", "")


@dataclass(frozen=True)
class HostileRequest:
    """`environ` holds headers as WSGI names them."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = FORM
    environ: dict[str, str] = field(default_factory=dict)


TEXTS = [
    *("", " ", "\t", "+", "++1", "-1", "0", "²" * 10, "٢٠١٥٥٥٠١٢٣", "２０１５５５０１２３", "9" * 500, "1" * 5000),
    *("2025550101;phone-context=+44", "2025550101;ext=1", "tel:+12025550101", "1;phone-context=" + "a" * 200),
    *("\x00", "201555012\x003", "\x1b[31m", "\r\nSet-Cookie: a=b", "\u202e2015550123", "\ud7ff", "\ufffe", "🤳" * 9),
    *("<script>alert(1)</script>", "{{7*7}}", "${7*7}", "%s%s%n", "' OR 1=1 --", "../../etc/passwd", "null", "NaN"),
    *(
        "1e309",
        "0x1F",
        "1_000",
        "None",
        "true",
        "[]",
        "{}",
        "a" * 255,
        "Ａ",
        "ß",
        "İ",
        "\u0130" * 30,
        "١٢٣٤٥٦",
        "¹²³⁴⁵⁶",
    ),
]
RAW_BODIES = [
    *(b"", b"&", b"=", b"&" * 900, b"a&" * 1500, b"%", b"%zz", b"phone=%00", b"phone=%ff", b"phone=%ED%A0%80"),
    *(
        b"phone=\xff\xfe",
        b"phone",
        b"phone=1&phone=2",
        b"phone[]=1",
        b"phone=1;start_key=2",
        b"\x00" * 100,
        b"\xff" * 100,
    ),
    *(b"start_key=%00", b"csrfmiddlewaretoken=%00", b"code=%00", b"code=" + b"9" * 16_000, b"%u0000", b"+" * 1000),
]
JSON_BODIES = [
    *(
        b"[" * 5000,
        b'{"a":' * 2500,
        b"]" * 5000,
        b"[" * 5000 + b"]" * 5000,
        b'"\\ud800"',
        b'{"phone":"\\u0000"}',
        b"NaN",
    ),
    *(
        b"Infinity",
        b"-",
        b"9" * 5000,
        b"1e999999",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"{",
        b"null",
        b'"',
        b"{}" * 99,
    ),
]
PART = b'--b\r\nContent-Disposition: form-data; name="phone"'
MULTIPART_BODIES = [
    *(
        b"",
        b"--b",
        b"--b--",
        b"--b\r\n\r\n",
        b"--c\r\n",
        PART,
        PART + b"\r\n",
        PART + b"\r\n\r\n1",
        PART + b"\r\n\r\n1\r\n--b",
    ),
    PART + b'; filename="x"\r\n\r\n1\r\n--b--\r\n',
    PART + b'; filename="../../x\x00.py"\r\nContent-Type: \xff\r\n\r\n1\r\n--b--\r\n',
    PART + b"; filename*=utf-9''%ff\r\n\r\n1\r\n--b--\r\n",
    PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--\r\n",
    PART + b"\r\nContent-Length: x\r\n\r\n1\r\n--b--\r\n",
    PART + b"\r\nX: " + b"y" * 5000 + b"\r\n\r\n1\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: form-data; name="\x00"\r\n\r\n1\r\n--b--\r\n',
    b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--\r\n",
    b'--b\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--b--\r\n' * 99,
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 150 + b"--b--",
]
CONTENT_TYPES = [
    *("", ";", "/", "text/plain", "text/xml", "x" * 300, "multipart/form-data", "multipart/form-data; boundary="),
    *(
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/form-data; boundary=\xff",
        "multipart/mixed; boundary=b",
    ),
    *(
        FORM + "; charset=utf-7",
        FORM + "; charset=nonsense",
        FORM + "; charset=",
        JSON + "; charset=utf-16",
        "\xff/\xff",
    ),
]
LENGTHS = ["-1", "abc", "", "1e3", "16385", "99999999999999999999999", "9" * 5000, "²", " 5", "0x10", "+5", "5, 5"]
COOKIES = [
    *(
        f"sessionid={value}"
        for value in ("", "x", "x" * 5000, '"\\000abcdefgh"', '"\\377abcdefgh"', "../../x", "a" * 32)
    ),
    *(f"messages={value}" for value in ("", "x", "a:b", "a:b:c", "W10:1abc:x", '"\\000"', '"\\377:\\377"', "x" * 5000)),
    *(f"csrftoken={value}" for value in ("", "x", '"\\000"', "x" * 5000, "é" * 32)),
    *(f"django_language={value}" for value in ("", "xx", "en-", "../en", '"\\000"', "x" * 5000, "zh-hans-" * 50)),
    *("", ";", "=", "=;=", "a", "sessionid", "sessionid=a; sessionid=b", "\xff=\xff", "$Version=1", "a=" * 2000, '"'),
]
HOSTS = [
    "evil.example",
    "a b",
    "[::1",
    "127.0.0.1:99999999",
    "127.0.0.1@evil.example",
    "testserver:x",
    "",
    "\xff",
    "%00",
]
HEADERS = [
    *(("HTTP_X_FORWARDED_HOST", host) for host in ("evil.example", "evil.example, testserver", "\xff")),
    *(("HTTP_X_FORWARDED_PROTO", value) for value in ("https", "javascript", "https,http")),
    *(
        ("HTTP_X_FORWARDED_FOR", ip)
        for ip in ("127.0.0.1", "x", "::ffff:127.0.0.1", "fe80::1%eth0", "1," * 3000, "\x00", "²")
    ),
    *(("HTTP_FORWARDED", value) for value in ("for=127.0.0.1;host=evil.example", 'for="[::1]:x"', ";;;")),
    *(("HTTP_X_REAL_IP", "127.0.0.1"), ("HTTP_X_ORIGINAL_URL", "/admin/"), ("HTTP_X_HTTP_METHOD_OVERRIDE", "DELETE")),
    *(("REMOTE_ADDR", ip) for ip in ("", "unknown", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "999.1.1.1")),
    *(
        ("HTTP_ACCEPT_LANGUAGE", value)
        for value in ("*", "x", ",", "en;q=nan", "en;q=" + "9" * 400, "a-" * 3000, "\xff")
    ),
    *(("HTTP_ACCEPT", value) for value in ("", "*/*;q=x", "application/json;v=1", "a" * 8000)),
    *(("HTTP_USER_AGENT", value) for value in ("", "\xff" * 50, "x" * 8000, "a\x00b", "() { :;};")),
    *(("HTTP_REFERER", value) for value in ("javascript:1", "//", "http://[", "\xff", "https://evil.example/")),
    *(("HTTP_ORIGIN", value) for value in ("null", "", "http://[", "https://evil.example", "testserver", "\xff")),
    *(("HTTP_SEC_FETCH_SITE", value) for value in ("cross-site", "same-site", "none", "", "x", "\xff")),
    *(("HTTP_IF_MODIFIED_SINCE", "x"), ("HTTP_IF_NONE_MATCH", '"' * 500), ("HTTP_RANGE", "bytes=0-,5-,-1")),
    *(("HTTP_SEC_CH_UA_MOBILE", value) for value in ("?1", "?", "\xff")),
]
PATHS = [
    *(
        "/%00",
        "/%ff",
        "/%2e%2e/",
        "/..%2f..%2fetc/passwd",
        "//evil.example",
        "//evil.example/",
        "/\\evil.example",
        "/;/",
        "/*",
    ),
    *(
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/%00",
        "/static/",
        "/static/%ff",
        "/.git/config",
        "/.env",
    ),
    *(
        "/code",
        "/code//",
        "/code/%20",
        "/code/1/",
        "/CODE/",
        "/?%00",
        "/?a=%00&b=%ff",
        "/?" + "a=1&" * 1500,
        "/" + "a" * 4000,
    ),
    *(
        "/admin/%00/",
        "/admin/x/",
        "/admin/proveflow/onboardingsession/%00/change/",
        "/admin/logout/",
        "/admin/jsi18n/",
    ),
    *("/admin/proveflow/onboardingsession/x/change/", "/admin/proveflow/onboardingsession/?number__startswith=1"),
    *(
        "/admin/proveflow/onboardingsession/?" + query
        for query in ("p=x", "p=-1", "o=x", "o=9.9", "q=%00", "q=²", "all=", "e=1")
    ),
    *(
        "/admin/proveflow/onboardingsession/?" + query
        for query in ("state=%00", "same_number_as=%00", "same_number_as=x")
    ),
    *(
        "/admin/proveflow/binding/?" + query
        for query in ("confirmed__exact=x", "_facets=1", "_to_field=x", "_popup=1", "p=" + "9" * 99)
    ),
    *("/admin/r/1/1/", "/admin/autocomplete/", "/admin/proveflow/event/", "/admin/proveflow/onboardingsession/find/"),
    *("/sandbox/messages.json?to=%00", "/sandbox/messages.json?to=²", "/sandbox/messages.json", "/sandbox/?number=%ff"),
]
EVIL = [
    *(
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/evil.example",
    ),
    *(
        "https://evil.example",
        "http://testserver@evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:,x",
        "//[",
        "/%0d%0aX: y",
    ),
    *(
        "\r\nLocation: //evil.example",
        "\t//evil.example",
        " //evil.example",
        "/\t/evil.example",
        "//evil.example:80",
        "//evil%E3%80%82example",
    ),
    *(
        "ftp://evil.example",
        "http:///evil.example",
        "http:\\\\evil.example",
        "/..//evil.example",
        "//\x00evil.example",
        "https://evil.example#@testserver",
    ),
]
OTHER_FIELDS = (
    ("/recall/", "start_key"),
    ("/code/send/", "channel"),
    ("/handoff/", "number"),
    ("/handoff/answer/", "answer"),
    ("/language/", "language"),
    ("/admin/proveflow/onboardingsession/find/", "number"),
)
LANGUAGE = [
    HostileRequest("POST", "/language/", b"language=es&next=" + url.encode().replace(b"&", b"%26")) for url in EVIL
]
NEXT = [HostileRequest("POST", "/admin/login/", b"next=" + url.encode().replace(b"&", b"%26")) for url in EVIL]

CORPUS: list[HostileRequest] = [
    *(HostileRequest("POST", "/start/", f"phone={text}".encode(), environ={"HTTP_ACCEPT": JSON}) for text in TEXTS),
    *(HostileRequest("POST", "/start/", f"phone=2015550123&start_key={text}".encode()) for text in TEXTS),
    *(HostileRequest("POST", "/code/", f"code={text}".encode()) for text in TEXTS),
    *(
        HostileRequest("POST", "/admin/login/", f"username={text}&password={text}&otp_token={text}".encode())
        for text in TEXTS
    ),
    *(HostileRequest("POST", path, f"{name}={text}".encode()) for text in TEXTS for path, name in OTHER_FIELDS),
    *(HostileRequest("GET", f"/h/{text}/") for text in TEXTS),
    *(HostileRequest("POST", path, body) for body in RAW_BODIES for path in ("/start/", "/code/")),
    *(HostileRequest("POST", path, body) for path, body in zip(OURS, cycle(RAW_BODIES), strict=False)),
    *(
        HostileRequest("POST", path, body, JSON)
        for body in JSON_BODIES
        for path in ("/start/", "/code/", "/sandbox/prove/v3/unify")
    ),
    *(HostileRequest("POST", "/sandbox/control/faults", body, JSON) for body in JSON_BODIES),
    *(
        HostileRequest("POST", path, body, MULTIPART)
        for body in MULTIPART_BODIES
        for path in ("/start/", "/code/", "/nowhere")
    ),
    *(
        HostileRequest("POST", path, b"phone=2015550123", kind)
        for kind in CONTENT_TYPES
        for path in ("/start/", "/nowhere")
    ),
    *(HostileRequest("POST", "/start/", b"phone=1", environ={"CONTENT_LENGTH": length}) for length in LENGTHS),
    *(
        HostileRequest("GET", path, environ={"HTTP_COOKIE": cookie})
        for cookie in COOKIES
        for path in ("/", "/done/", "/admin/")
    ),
    *(HostileRequest("POST", "/restart/", environ={"HTTP_COOKIE": cookie}) for cookie in COOKIES),
    *(
        HostileRequest("GET", path, environ={"HTTP_HOST": host})
        for host in HOSTS
        for path in ("/", "/static/proveflow/site.css")
    ),
    *(HostileRequest("GET", "/", environ={name: value}) for name, value in HEADERS),
    *(HostileRequest("POST", "/start/", b"phone=2015550123", environ={name: value}) for name, value in HEADERS),
    *(HostileRequest("GET", path) for path in PATHS),
    *(HostileRequest(method, path) for method in METHODS for path in OURS),
    *(
        HostileRequest("GET", path + "?next=" + url.replace("#", "%23"))
        for url in EVIL
        for path in ("/", "/admin/login/", "/done/")
    ),
    *NEXT,
    *LANGUAGE,
    HostileRequest("POST", "/start/", b"phone=" + b"1" * 3_000_000),
]
