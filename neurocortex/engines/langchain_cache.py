"""LangChain's cache of model calls, on the platform's levels.

`set_llm_cache(LangChainCache(cache, tenant="acme"))`, or `cache=` of one model. What is kept is
JSON, and only generations and messages are made of it again: the classes below, and no others.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from langchain_core._api import suppress_langchain_beta_warning
from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.load import Serializable, dumps, loads
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    Generation,
    GenerationChunk,
)

from neurocortex.cache.addresses import Address
from neurocortex.cache.keys import Key, key_of
from neurocortex.cache.process import ProcessCache
from neurocortex.domain.work import DEFAULT_TENANT

NAMESPACE: Final = "langchain"

TAG: Final = "langchain"
"""Ends all answers of a tenant's models."""

HOUR_S: Final = 3600.0

ALLOWED: Final[Sequence[type[Serializable]]] = (
    *(Generation, GenerationChunk, ChatGeneration, ChatGenerationChunk),
    *(AIMessage, AIMessageChunk),
)
"""What models answer with. Others are not made from bytes that Redis or a disk gave."""

_log = logging.getLogger(__name__)


class LangChainCache(BaseCache):
    """Answers of models by prompt and model, for one tenant."""

    def __init__(
        self, cache: ProcessCache, tenant: str = DEFAULT_TENANT, ttl_s: float = HOUR_S
    ) -> None:
        """Keep answers in the cache of this process.

        Args:
            cache: `Cache.load(...).shared()`, say.
            tenant: whose answers they are; others never see them.
            ttl_s: how long they are kept, in seconds.
        """
        self._cache = cache
        self._tenant = tenant
        self._ttl_s = ttl_s

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Return what a model answered to a prompt, or None. See `BaseCache.lookup`."""
        key = self._key(prompt, llm_string)
        return _read(key, self._cache.call(lambda results: results.read(key)))

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """See `lookup`."""
        key = self._key(prompt, llm_string)
        return _read(key, await self._cache.acall(lambda results: results.read(key)))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep what a model answered to a prompt. See `BaseCache.update`."""
        address = self._address(prompt, llm_string)
        content = dumps(list(return_val)).encode()
        self._cache.call(lambda results: results.write(address, content))

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """See `update`."""
        address = self._address(prompt, llm_string)
        content = dumps(list(return_val)).encode()
        await self._cache.acall(lambda results: results.write(address, content))

    def clear(self, **_: Any) -> None:
        """End all answers of this tenant, on every machine.

        Raises:
            CacheUnavailableError: the others could not be told; those of this process are ended.
        """
        told = self._cache.call(lambda results: results.cache.invalidate_tag(self._tenant, TAG))
        told.require_delivery()

    async def aclear(self, **_: Any) -> None:
        """See `clear`."""
        told = await self._cache.acall(
            lambda results: results.cache.invalidate_tag(self._tenant, TAG)
        )
        told.require_delivery()

    def _key(self, prompt: str, llm_string: str) -> Key:
        """`llm_string` holds the model's name and all its parameters."""
        return key_of(self._tenant, NAMESPACE, prompt, model=llm_string)

    def _address(self, prompt: str, llm_string: str) -> Address:
        return Address(self._key(prompt, llm_string), self._ttl_s, (TAG,))


def _read(key: Key, content: bytes | None) -> RETURN_VAL_TYPE | None:
    if content is None:
        return None
    try:
        # Beta for lack of a settled list of classes; here the list is given.
        with suppress_langchain_beta_warning():
            found: object = loads(content.decode(), allowed_objects=ALLOWED)
    except (ValueError, TypeError, NotImplementedError) as error:
        _log.warning("%s is asked again, as what is kept is no answer: %s", key, error)
        return None
    if not isinstance(found, list) or not all(isinstance(each, Generation) for each in found):
        _log.warning("%s is asked again, as what is kept is no answer", key)
        return None
    return found
