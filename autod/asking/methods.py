"""The methods of a pluto, one an operation, the same for every driver.

Owns: which command and which arguments an operation sends. Must not know: how a request is carried out, or what the
method gives (an Operation to be awaited, an outcome): that is the driver's.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from autod.asking.arguments import check_command, check_flag, check_name, check_seconds, names_of
from autod.asking.request import Request
from autod.protocol import commands as c
from autod.protocol.errors import UsageError
from autod.protocol.exchange import Answers

__all__ = ["Methods"]

R = TypeVar("R")


class Methods(Generic[R]):
    """What may be asked of a pluto. `timeout` of the pluto counts where a method is given none."""

    timeout: float | None

    @abstractmethod
    def _operation(self, request: Request) -> R:
        """Carry a request out, or give what will."""

    def up(
        self,
        name: str,
        *,
        asynchronous: bool = False,
        remote_host: str | None = None,
        answers: Answers | None = None,
        members: tuple[str, ...] | None = None,
        timeout: float | None = None,
    ) -> R:
        """Initiate a connection, or every connection of an alias, and wait until its Child SA is established.

        pluto does not notice that a connection is up already: it negotiates one more Child SA. `asynchronous`:
        until pluto has taken the request. `remote_host`: the peer's address, for a connection to any peer.
        `answers`: for XAUTH. `timeout` in seconds.
        """
        check_flag(asynchronous, "asynchronous")
        if remote_host is not None:
            check_name(remote_host, "remote_host")
        if answers is not None and not isinstance(answers, Answers):
            raise UsageError(f"answers must be an autod.Answers; it was given {answers!r}", option="answers")
        if members is not None:
            names_of(members, "members")
        command = c.Initiate(
            name,
            asynchronous=asynchronous,
            remote_host=remote_host,
            xauth_username=answers.user if answers is not None else None,
        )
        return self._ask("up", command, name, timeout, answers=answers, members=members)

    def down(self, name: str, *, timeout: float | None = None) -> R:
        """Take the SAs of a connection, or of every connection of an alias, down. It stays loaded."""
        return self._ask("down", c.Terminate(name), name, timeout)

    def delete(self, name: str, *, timeout: float | None = None) -> R:
        """Unload a connection, with its SAs. Done where there is none of that name."""
        return self._ask("delete", c.Delete(name), name, timeout)

    def route(self, name: str, *, timeout: float | None = None) -> R:
        """Catch the packets of a connection, and bring it up when one comes."""
        return self._ask("route", c.Route(name), name, timeout)

    def unroute(self, name: str, *, force: bool = False, timeout: float | None = None) -> R:
        """Stop catching the packets of a connection.

        Refused where the connection is up: it would kill pluto 4.0 to 4.15 (a null pointer, found on 4.10 and 4.15),
        and take down its IKE SA and all siblings on 5.x. `force`: take it down first. Between the look and the
        request another client may still bring it up.
        """
        check_flag(force, "force")
        return self._ask("unroute", c.Unroute(name), name, timeout, force=force)

    def suspend(self, name: str, *, timeout: float | None = None) -> R:
        """Suspend a connection for the later resumption of its session (5.2 on)."""
        return self._ask("suspend", c.Suspend(name), name, timeout)

    def rekey_ike(self, name: str, *, timeout: float | None = None) -> R:
        """Rekey the IKE SA of a connection (3.30 on)."""
        return self.ask(c.RekeyIke(name), timeout=timeout)

    def rekey_child(self, name: str, *, timeout: float | None = None) -> R:
        """Rekey the Child SA of a connection (3.30 on)."""
        return self.ask(c.RekeyChild(name), timeout=timeout)

    def listen(self, *, timeout: float | None = None) -> R:
        """Find the interfaces, listen on them, and read the secrets again."""
        return self.ask(c.Listen(), timeout=timeout)

    def reread_secrets(self, *, timeout: float | None = None) -> R:
        """Read ipsec.secrets again."""
        return self.ask(c.RereadSecrets(), timeout=timeout)

    def reread_certs(self, *, timeout: float | None = None) -> R:
        """Forget cached certificates (4.0 on)."""
        return self.ask(c.RereadCerts(), timeout=timeout)

    def fetch_crls(self, *, timeout: float | None = None) -> R:
        """Fetch the CRLs again."""
        return self.ask(c.FetchCrls(), timeout=timeout)

    def reread_all(self, *, timeout: float | None = None) -> R:
        """Secrets, CRLs, and certificates where the release has them."""
        return self.ask(c.RereadAll(), timeout=timeout)

    def purge_ocsp(self, *, timeout: float | None = None) -> R:
        """Empty the OCSP cache."""
        return self.ask(c.PurgeOcsp(), timeout=timeout)

    def status(self, *, timeout: float | None = None) -> R:
        """All that pluto knows, as text. 0.3 s of pluto's time with 5,000 connections: never in a loop."""
        return self.listing(c.Status(), timeout=timeout)

    def listing(self, command: c.Command, *, timeout: float | None = None) -> R:
        """Any command that lists: the lists, and the family of status."""
        check_command(command)
        return self._ask(command.verb, command, getattr(command, "name", None), timeout, listing=True)

    def ask(self, command: c.Command, *, timeout: float | None = None) -> R:
        """Any command; what is dangerous on this release is looked at as in the methods above.

        The operation of its outcome is the command's verb, "up" for an Initiate and "down" for a Terminate.
        """
        check_command(command)
        return self._ask(_named(command), command, getattr(command, "name", None), timeout)

    def _ask(
        self,
        operation: str,
        command: c.Command,
        name: str | None,
        timeout: float | None,
        *,
        answers: Answers | None = None,
        members: tuple[str, ...] | None = None,
        listing: bool = False,
        force: bool = False,
    ) -> R:
        if name is not None:
            check_name(name)
        check_seconds(timeout, "timeout")
        request = Request(
            operation,
            command,
            name,
            self.timeout if timeout is None else timeout,
            answers,
            members,
            listing,
            force,
        )
        return self._operation(request)


def _named(command: c.Command) -> str:
    """What the operation of a command is called: its verb, but for those that people call otherwise."""
    return {"initiate": "up", "terminate": "down"}.get(command.verb, command.verb)
