"""Addresses that somebody might give a webhook to make the portal call where it must not.

`PAYLOADS` are refused when they are typed, those of them in `UNFIT` even where private addresses
are allowed. `RESOLVED` are addresses that names could lead to and
that are refused when they are connected to.
"""

import ipaddress
from collections.abc import Iterator

_V4 = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
    "172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.0.1", "100.64.0.1",
    "100.127.255.254", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
_METADATA = (
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
)  # fmt: skip
_V6 = (
    "::", "::1", "fe80::1", "fe80::1%25eth0", "fec0::1", "fc00::1", "fd00::1", "fd00:ec2::254",
    "fd20:ce::254", "ff02::1", "ff0e::1", "100::1", "2001::1", "2001:2::1", "2001:10::1",
    "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "64:ff9b:1::1", "0:0:0:0:0:0:0:1",
    "0000:0000:0000:0000:0000:0000:0000:0001", "4000::1",
)  # fmt: skip
_NAMES = (
    "localhost", "localhost.", "LOCALHOST", "a.localhost", "localhost.localdomain", "kubernetes",
    "kubernetes.default.svc", "kubernetes.default.svc.", "redis.portal.svc", "postgres.local",
    "metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal",
    "instance-data.ec2.internal", "metadata.tencentyun.com", "gateway.lan", "wiki.corp",
    "host.docker.internal", "printer.home", "router.home.arpa", "1.0.0.127.in-addr.arpa",
    "a.onion", "a.invalid", "a.test", "127.0.0.1.nip.io", "10-0-0-1.sslip.io", "localtest.me",
    "a.lvh.me", "7f000001.rbndr.us", "127.0.0.1.xip.io", "make-127.0.0.1-rr.1u.ms", "_", "-",
)  # fmt: skip
_DISGUISED = (
    "127.0.0.%31", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "169.254.169.%3254", "%6cocalhost",
    "loc%61lhost.a", "ci.example.com%40127.0.0.1", "ci.example.com%2f.a", "ci.example.com%00.a",
    "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "①②⑦.⓪.⓪.①", "lοcalhost",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "𝟏𝟐𝟕.0.0.1", "١٢٧.0.0.1", "ci.example。com", "ci\u00ad.example.com",
    "ci..example.com", ".ci.example.com", "ci.example.com..", "*.example.com", "a,b.example.com",
    "ci.example.com;127.0.0.1", "ci.example.com|a.b", "$(id).example.com", "`id`.example.com",
    "{host}.example.com", "'a.example.com", "127.0.0.1:80:443", "[127.0.0.1]", "[::1", "::1]",
    "[::1]x", "[::ffff:7f00:1]:", "[v1.a]", "[ci.example.com]", "[]",
)  # fmt: skip
UNFIT = (
    "", "ci.example.com", "//ci.example.com/", "http://ci.example.com/", "HTTP://ci.example.com/",
    "ftp://ci.example.com/", "file:///etc/passwd", "file://ci.example.com/etc/passwd",
    "gopher://ci.example.com/", "dict://ci.example.com:11211/", "ldap://ci.example.com/",
    "javascript:alert(1)", "data:text/html,x", "jar:https://ci.example.com!/", "ws://a.b/",
    "unix:///var/run/docker.sock", "https+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "https:ci.example.com",
    "https:/ci.example.com/", "https://", "https:///path", "https://?a=b", "https://:443/",
    "https://user@ci.example.com/", "https://user:word@ci.example.com/", "https://@ci.example.com/",
    "https://:@ci.example.com/", "https://ci.example.com@10.0.0.1/", "https://a.b:443@127.0.0.1/",
    "https://10.0.0.1@ci.example.com/", "https://ci.example.com\\@10.0.0.1/",
    "https://ci.example.com\\.a.b/", "https:\\\\ci.example.com\\", "https://ci.example.com/\\a",
    "https://ci.example.com#@127.0.0.1/", "https://ci.example.com/#x", "https://127.0.0.1#.a.b/",
    "https://ci.example.com:0/", "https://ci.example.com:-1/", "https://ci.example.com:65536/",
    "https://ci.example.com:99999/", "https://ci.example.com:x/", "https://ci.example.com:٤٤٣/",
    "https://ci.example.com:4 43/", "https://ci.example.com/ x", " https://ci.example.com/",
    "https://ci.example.com/\r\nHost: x", "https://ci.example.com/\t", "https://ci.exa\nmple.com/",
    "https://ci.example.com/\0", "https://ci.example.com\x7f/", "https://ci.example.com/\u202e",
    "https://cı.example.com/", "https://[::1/", "https://ci.example.com/" + "a" * 2000,
)  # fmt: skip


def _notations(address: str) -> Iterator[str]:
    """Yield one IPv4 address as clients may spell it, alone and inside IPv6."""
    a, b, c, d = map(int, address.split("."))
    whole = int(ipaddress.IPv4Address(address))
    yield from (address, f"{address}.", str(whole), f"0{whole:o}", f"0x{whole:x}", f"0X{whole:X}")
    yield from (f"{a}.{b}.{c << 8 | d}", f"{a}.{b << 16 | c << 8 | d}")
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"{a:03d}.{b:03d}.{c:03d}.{d:03d}"
    yield f"0x{a:x}.{b}.0{c:o}.{d}"
    high, low = f"{a << 8 | b:x}", f"{c << 8 | d:x}"
    yield from (f"[::ffff:{address}]", f"[::ffff:{high}:{low}]", f"[::{address}]")
    yield from (f"[0:0:0:0:0:ffff:{address}]", f"[::ffff:0:{high}:{low}]")
    yield from (f"[64:ff9b::{address}]", f"[64:ff9b:1::{high}:{low}]", f"[2002:{high}:{low}::1]")


def _payloads() -> Iterator[str]:
    hosts = [*_V4, *(f"[{address}]" for address in _V6), *_NAMES, *_DISGUISED]
    hosts += [text for address in ("127.0.0.1", *_METADATA) for text in _notations(address)]
    yield from (f"https://{host}/" for host in hosts)
    yield from (f"https://{host}:8443/hook" for host in (*_V4, *_METADATA, "localhost", "[::1]"))
    yield from UNFIT


PAYLOADS = tuple(dict.fromkeys(_payloads()))
RESOLVED = (
    *_V4,
    *_METADATA,
    *(address for address in _V6 if "%" not in address),
    *(f"::ffff:{address}" for address in _METADATA),
    *(f"64:ff9b::{address}" for address in _METADATA),
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
)
OUTSIDE = (
    "https://ci.example.com/egress",
    "https://CI.Example.com./x",
    "https://ci-1.example.co.uk:8443/a?next=http://127.0.0.1/",
    "https://xn--bcher-kva.example.com/",
    "https://127.0.0.1.example.com/",
    "https://93.184.216.34:8443/x",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/",
)
