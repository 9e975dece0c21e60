"""Refusals of the kernel, of the updown script or of an interface."""

from __future__ import annotations

from autod.causes import Cause
from autod.recognise.faults.rows import row, warned
from autod.recognise.table import Row

__all__ = ["ROWS"]

_KERNEL = (
    warned(
        Cause.KERNEL,
        "kernel",
        r"(?:ERROR: (?:netlink (?!response for (?:Get|Del))|xfrm:|kernel: |raw_eroute|raw_policy|.*[kK]ernel)|kernel: |cannot install kernel policy)",
        "3.27-5.4",
        words=("ERROR:", "kernel:", "cannot"),
        seen="5.2",
    ),
    row(
        Cause.KERNEL,
        "kernel",
        r"(?:netlink (?:response|write|recvfrom|read)|xfrm:|setup_half_ipsec_sa\(\) hit)",
        "3.27-5.4",
        words=("netlink", "xfrm:", "setup_half_ipsec_sa()"),
    ),
    row(
        Cause.KERNEL,
        "kernel",
        r"(?:cannot install (?:eroute|route)|[iI]nstalling IPsec SA failed|add_sa ipcomp failed"
        r"|raw_(?:eroute|policy)\S* .*failed|shunt_(?:eroute|policy)\S* .*failed|sag_eroute\S* .*failed|grp_sa failed"
        r"|Warning: Adding IPsec SA to failed|trap shunt install failed|Maximum number of IPsec connections"
        r"|(?:Error: )?.* (?:stack|kernel) does not support|No kernel support|requested kernel enc"
        r"|failed to (?:install|replace|add) (?:kernel|IPsec|outbound|inbound))",
        "3.27-5.4",
        words=(
            *(
                "cannot",
                "Installing",
                "installing",
                "add_sa",
                "raw_eroute()",
                "raw_policy()",
                "shunt_eroute()",
                "grp_sa",
            ),
            *(
                "shunt_policy()",
                "sag_eroute()",
                "Warning:",
                "trap",
                "Maximum",
                "Error:",
                "requested",
                "failed",
                "No",
            ),
            *("raw_eroute", "raw_policy", "raw_policy_sa"),
        ),
    ),
    row(
        Cause.UPDOWN,
        "kernel",
        r"(?:\S+ command (?:exited with|too long!)|unable to popen|pclose failed for|fgets failed on output)",
        "3.27-5.3.2",
        words=(
            *(
                "prepare-host",
                "prepare-client",
                "route-host",
                "route-client",
                "up-host",
                "up-client",
                "unroute-host",
            ),
            *("unroute-client", "down-host", "down-client", "unable", "pclose", "fgets", "prepare-host-v6"),
            *("prepare-client-v6", "route-host-v6", "route-client-v6", "up-host-v6", "up-client-v6"),
            *("unroute-host-v6", "unroute-client-v6", "down-host-v6", "down-client-v6"),
        ),
    ),
    row(
        Cause.INTERFACE,
        "kernel",
        r"(?:ipsec-interface(?:=\S+)? (?:is not|not supported|invalid|is too big|\S+ exists)|existing ipsec-interface"
        r"|unable to add CIDR|setting up ipsec-interface|(?:FATAL )?can(?:not| not) find (?:device|interface index|test)"
        r"|conflict \S+ already exist|Unable to add IP address to XFRMi|xfrmi is not supported|(?:ERROR )?device \S+ exist)",
        "3.30-5.4",
        words=(
            *(
                "ipsec-interface",
                "existing",
                "unable",
                "setting",
                "FATAL",
                "cannot",
                "Cannot",
                "can",
                "Can",
                "conflict",
            ),
            *("Unable", "xfrmi", "ERROR", "device"),
        ),
        ignored=True,
    ),
)

ROWS: tuple[Row, ...] = (*_KERNEL,)
