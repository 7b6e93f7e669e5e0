"""What may be called: forty hostile hosts get no connection; names are resolved once and every address of theirs is checked."""

import asyncio
from ipaddress import ip_address, ip_network

import pytest

from app.delivery import call, guard
from app.delivery.guard import Policy, TargetRefusedError

NOWHERE = "0.0.0.0"  # noqa: S104 (never bound)
# As they are written in a target, or as a name resolves; most of these `ipaddress.is_global` or a naive list would let pass.
HOSTILE_ADDRESSES = [
    *("127.0.0.1", "127.8.8.8", NOWHERE, "10.0.0.1", "10.255.255.254", "100.64.0.1", "169.254.169.254", "172.16.0.1"),
    *(
        "172.31.255.255",
        "192.168.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
    ),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
    *(
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:a9fe:a9fe::",
        "2001:0:7f00:1::",
        "2001:0:0:0:0:0:80ff:fffe",
        "2001:db8::1",
    ),
    *("3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "100::1", "5f00::1"),
]
HOSTILE_NAMES = [
    *(
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "017700000001",
        "localhost",
        "localhost.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ),
    *("[::ffff:7f00:1]", "[::]", "127.0.0.1.", "[fe80::1%25lo]"),
]
PUBLIC = [
    "93.184.215.14",
    "2a00:1450:4001:82a::200e",
    "2002:5db8:d70e::1",
    "64:ff9b::5db8:d70e",
    "192.0.1.1",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_inner_addresses_are_not_called(address: str) -> None:
    assert not guard.allowed(ip_address(address), Policy())


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address: str) -> None:
    assert guard.allowed(ip_address(address), Policy())


def test_the_operator_allows_networks_but_never_the_link_or_groups() -> None:
    every = Policy(networks=tuple(map(ip_network, ("0.0.0.0/0", "::/0"))))
    city = Policy(networks=(ip_network("10.20.0.0/16"), ip_network("fd00:1::/32")))
    assert [
        guard.allowed(ip_address(one), city) for one in ("10.20.3.4", "fd00:1::9", "::ffff:10.20.3.4", "10.21.0.1")
    ] == [
        *(True, True, True),
        False,
    ]
    never = (
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        NOWHERE,
        "::",
    )
    assert not any(guard.allowed(ip_address(one), every) for one in never)
    assert guard.allowed(ip_address("127.0.0.1"), every)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "https:///x", "https://", "//example.org", "example.org", ""),
        *(
            "https://user@example.org/",
            "https://user:pass@example.org/",
            "https://example.org@10.0.0.1/",
            "https://example.org/#x",
        ),
        *("https://example.org:22/", "https://example.org:0/", "https://example.org:99999/", "https://example.org:x/"),
        *(
            "https://exa mple.org/",
            "https://example.org/\r\nHost: x",
            "https://ex\u00e4mple.org/",
            "https://example.org\\@10.0.0.1/",
        ),
        *("https://-a.example/", "https://a..example/", "https://a_b.example/", f"https://{'a' * 64}.example/"),
        *(
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.1.2.3:8443/hook",
            "https://[::ffff:127.0.0.1]/",
            "https://[::1/",
        ),
        "https://example.org/" + "a" * 2000,
    ],
)
def test_targets_that_cannot_be_called_are_refused_as_they_are_written(url: str) -> None:
    with pytest.raises(TargetRefusedError):
        guard.target(url, Policy())


def test_a_target_is_read_once() -> None:
    found = guard.target("https://Hooks.Example.org:8443/a/b?c=d", Policy())
    assert (found.host, found.port, found.path, found.authority) == (
        "hooks.example.org",
        8443,
        "/a/b?c=d",
        "hooks.example.org:8443",
    )
    assert guard.target("https://example.org", Policy()) == guard.Target("example.org", 443, "/")
    assert guard.target("https://[2a00:1450:4001:82a::200e]/x", Policy()).authority == "[2a00:1450:4001:82a::200e]"


class Canary:
    """A listener on this machine that must never be called."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        writer.close()


def test_hostile_hosts_get_no_connection() -> None:
    """Forty addresses and more, each as what a name resolves to and written out, and names that mean this machine."""

    async def run() -> tuple[int, set[call.Answer]]:
        canary = Canary()
        answers = set()
        async with await asyncio.start_server(canary, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            policy = Policy(ports=frozenset({port}))
            for address in HOSTILE_ADDRESSES:
                for found in ([address], ["93.184.215.14", address]):
                    resolved = _resolves(*found)
                    target = guard.Target("innocent.example", port, "/")
                    answers.add(await call.post(target, {}, b"{}", policy, call.trust(None), resolved))
            for name in HOSTILE_NAMES:
                try:
                    target = guard.target(f"https://{name}:{port}/", policy)
                except TargetRefusedError:
                    target = guard.Target(name.strip("[]"), port, "/")
                answers.add(await call.post(target, {}, b"{}", policy, call.trust(None)))
        return canary.calls, answers

    assert len(HOSTILE_ADDRESSES) >= 40
    assert asyncio.run(run()) == (0, {call.Answer(None, call.NO_ANSWER)})


def _resolves(*addresses: str) -> call.Resolve:
    async def resolve(_: str, __: int) -> list[guard.Address]:
        return [ip_address(one) for one in addresses]

    return resolve


def test_a_name_that_answers_otherwise_the_next_time_gains_nothing() -> None:
    """Rebinding: the one answer that was checked is the one that is called."""

    async def run() -> tuple[int, int]:
        canary, asked = Canary(), []

        async def rebinding(_: str, __: int) -> list[guard.Address]:
            asked.append(1)
            return [ip_address("192.0.1.1" if len(asked) == 1 else "127.0.0.1")]

        async with await asyncio.start_server(canary, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            policy = Policy(ports=frozenset({port}))
            target = guard.Target("rebinding.example", port, "/")
            await call.post(target, {}, b"{}", policy, call.trust(None), rebinding, total_s=0.5)
        return canary.calls, len(asked)

    assert asyncio.run(run()) == (0, 1)


def test_closed_open_denied_and_unknown_are_told_alike() -> None:
    """No caller learns by it what listens in an inner network."""

    async def run() -> set[call.Answer]:
        here = Policy(networks=(ip_network("127.0.0.0/8"),))
        async with await asyncio.start_server(Canary(), "127.0.0.1", 0) as server:
            open_port = server.sockets[0].getsockname()[1]
            targets = [("127.0.0.1", open_port), ("127.0.0.1", 1), ("10.0.0.1", 443), ("nowhere.invalid", 443)]
            found = [
                call.post(guard.Target(host, port, "/"), {}, b"{}", here, call.trust(None)) for host, port in targets
            ]
            return set(await asyncio.gather(*found))

    assert asyncio.run(run()) == {call.Answer(None, call.NO_ANSWER)}
