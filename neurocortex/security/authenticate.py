"""Who asks? From a request's header and address to a principal, in one story."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from neurocortex.errors import UnauthenticatedError, WrongCredentialError
from neurocortex.security.api_key import ApiKey
from neurocortex.security.credentials import (
    Credential,
    PresentedToken,
    Unreadable,
    identity_of,
    read_credential,
)
from neurocortex.security.keys import PresentedKey
from neurocortex.security.lockout import Attempt, Lockout
from neurocortex.security.principal import Principal
from neurocortex.security.roles import SCOPES, Ceilings
from neurocortex.security.tokens import JwtVerifier
from neurocortex.security.verified import Shown, Verified, key_of

FindKey = Callable[[str], ApiKey | None]
"""Looks an API key up by its public id: blocks, and is called in a thread."""

NOT_VALID: Final = "The API key is not valid."
"""The same for an id that nobody has and for a wrong secret."""

NO_DIGEST: Final = bytes(32)
"""Compared with where no key has the id, so that it takes as long."""


class Authenticator:
    """Tells who asks. One for each gateway process, on one event loop."""

    def __init__(
        self,
        find_key: FindKey,
        tokens: JwtVerifier,
        lockout: Lockout,
        verified: Verified,
        ceilings: Ceilings,
    ) -> None:
        """Take where keys are, who verifies tokens, who counts failures, and what is believed."""
        self._find_key = find_key
        self._tokens = tokens
        self._lockout = lockout
        self._verified = verified
        self._ceilings = ceilings
        self._under_way: dict[Shown, asyncio.Task[Principal]] = {}

    async def authenticate(self, header: str, address: str) -> Principal:
        """Return who asks.

        Args:
            header: the value of `Authorization`, or of `X-API-Key`; empty where there is neither.
            address: the client's own, not a proxy's: a lock is for who comes from there.

        Raises:
            UnauthenticatedError: no valid credential; its `challenge` goes into the answer.
            ForbiddenError: a token whose claims give no tenant, or a role it cannot have.
            LockedOutError: too many wrong ones came from there.
            LakeUnavailableError: PostgreSQL does not answer, which knows the API keys.
            IssuerUnavailableError: a token's issuer does not answer, which knows its keys.
        """
        known = self._verified.recall(header, address)
        if known is not None:
            return known
        return await self._once(header, address)

    def forget_key(self, key_id: str | None) -> None:
        """Look an API key up again at its next use; None: all of them."""
        if key_id is None:
            self._verified.forget_all()
        else:
            self._verified.forget_key(key_id)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _once(self, header: str, address: str) -> Principal:
        """Verify a credential once, however many requests come with it at that moment."""
        key = key_of(header, address)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._verify(header, address), name="authenticate")
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)  # a request that is cancelled leaves it to the others

    async def _verify(self, header: str, address: str) -> Principal:
        credential = read_credential(header)
        forgotten = self._verified.forgotten
        attempt = Attempt(identity_of(credential), address)
        await self._lockout.check(attempt)
        try:
            principal = await self._prove(credential)
        except WrongCredentialError:
            await self._lockout.failed(attempt)
            if isinstance(credential, PresentedKey):
                self._verified.forget_key(credential.id)  # it may be locked from that address now
            raise
        await self._lockout.succeeded(attempt)
        if self._verified.forgotten == forgotten:  # else it may be revoked since it was looked up
            self._verified.remember(header, address, principal)
        return principal

    async def _prove(self, credential: Credential) -> Principal:
        match credential:
            case PresentedKey():
                return self._admit(
                    credential, await asyncio.to_thread(self._find_key, credential.id)
                )
            case PresentedToken():
                return await self._tokens.verify(credential)
            case Unreadable(reason):
                raise WrongCredentialError(reason)

    def _admit(self, shown: PresentedKey, kept: ApiKey | None) -> Principal:
        is_right = shown.matches(kept.digest if kept is not None else NO_DIGEST)
        if kept is None or not is_right:
            raise WrongCredentialError(NOT_VALID)
        status = kept.status(datetime.now(UTC))
        if status != "active":
            raise UnauthenticatedError(f"The API key is {status}.")
        return Principal(
            subject=kept.id,
            tenant=kept.tenant,
            role=kept.role,
            # A role may have lost a scope since the key was made.
            scopes=kept.scopes & SCOPES[kept.role],
            ceiling=self._ceilings[kept.role],
            issuer=None,
            expires_at=kept.expires_at.timestamp() if kept.expires_at is not None else None,
        )

    def _ended(self, key: Shown, task: asyncio.Task[Principal]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # asked for, as all who waited may have left
