"""Which addresses may be called: https, two ports, no address of an inner network unless the operator allows it.

A name is resolved once, every address that it has is checked, and the connection goes to one that was: a name that answers
otherwise the next time gains nothing. Networks are listed here, since `is_global` is true for several that lead inside.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
PORTS = frozenset({443, 8443})
LONGEST = 2000
HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", re.ASCII)
PATH = re.compile(r"[!-~]*", re.ASCII)

# IANA's registries of special addresses; what carries an IPv4 address within is looked at as that.
DENIED: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            *("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)
V6_IN_USE = IPv6Network("2000::/3")
# Not even the operator can allow these: cloud metadata and whatever else lies on the link, groups, nowhere.
NEVER: tuple[Network, ...] = tuple(
    map(ip_network, ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128", "fe80::/10", "ff00::/8"))
)
COMPATIBLE, NAT64, NAT64_LOCAL = map(IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48"))


class TargetRefusedError(ValueError):
    """An address that is not called; the message says what is wrong with it as it is written, nothing of what lies there."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows beyond public addresses: inner networks, other ports."""

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = PORTS


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver's address: the name that is resolved, the port, path and query as they are sent."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the header Host."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == 443 else f"{name}:{self.port}"


def target(url: str, policy: Policy) -> Target:
    """A receiver's address as it is written; TargetRefusedError where it cannot be one. Resolves nothing."""
    if len(url) > LONGEST or not PATH.fullmatch(url) or "\\" in url:
        raise TargetRefusedError(f"The target must be of at most {LONGEST} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", 443 if parts.port is None else parts.port
    except ValueError:
        raise TargetRefusedError("The target is no URL.") from None
    if parts.scheme != "https":
        raise TargetRefusedError("The target must begin with https://.")
    if "@" in parts.netloc or parts.fragment:
        raise TargetRefusedError("The target must have no user name, password or fragment.")
    if port not in policy.ports:
        raise TargetRefusedError(f"The port must be one of {', '.join(map(str, sorted(policy.ports)))}.")
    literal = _literal(host)
    if literal is None and not HOST.fullmatch(host):
        raise TargetRefusedError("The target names no host.")
    if literal is not None and not allowed(literal, policy):
        raise TargetRefusedError("Addresses of inner networks are called only where the operator allows it.")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def allowed(address: Address, policy: Policy) -> bool:
    """Whether an address may be called, after all that wraps an IPv4 address is taken off."""
    plain = unwrapped(address)
    if _within(plain, NEVER):
        return False
    if _within(plain, policy.networks):
        return True
    if isinstance(plain, IPv6Address) and plain not in V6_IN_USE:
        return False
    return not _within(plain, DENIED)


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and (address in NAT64 or address in NAT64_LOCAL or (address in COMPATIBLE and int(address) > 1)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner if inner is not None else address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
