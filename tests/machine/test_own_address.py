"""The address others reach this machine by, in network namespaces that are alone or not."""

import shutil
import subprocess
import sys

import pytest

ASK = (
    "import socket; from enchufe.machine.own_address import own_address; "
    "print(own_address(socket.AF_INET), own_address(socket.AF_INET6), sep=',')"
)
ALONE = "ip link set lo up; ip route add default dev lo; "
JOINED = (
    f"{ALONE} ip address add 192.0.2.7/24 dev lo; "
    "ip address add 2001:db8:7::7/64 dev lo; ip -6 route add default dev lo; "
)


@pytest.mark.parametrize(
    ("before", "own"),
    [("", ","), (ALONE, ","), (JOINED, "192.0.2.7,2001:db8:7::7")],
)
def test_it_is_the_one_that_leads_to_others(before: str, own: str) -> None:
    namespace = ("unshare", "--user", "--map-root-user", "--net", "sh", "-ec")
    tried = shutil.which("unshare") and subprocess.run([*namespace, "true"], check=False)
    if not tried or tried.returncode:
        pytest.skip("no network namespaces here")
    asked = [*namespace, f'{before}exec "$0" -c "$1"', sys.executable, ASK]
    told = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.strip() == own
