"""A slow sender of a batch keeps nobody else waiting."""

from contextlib import ExitStack

import pytest

from neurocortex.errors import UploadBusyError
from neurocortex.gateway.uploads import AT_ONCE, Uploads


def test_a_tenant_sends_one_batch_at_a_time() -> None:
    uploads = Uploads()
    with uploads.room("acme"):
        with pytest.raises(UploadBusyError, match="1 of your tenant"), uploads.room("acme"):
            pass
        with uploads.room("other"):
            pass
    with uploads.room("acme"):
        pass


def test_more_than_some_are_refused_at_once() -> None:
    uploads = Uploads()
    with ExitStack() as stack:
        for number in range(AT_ONCE):
            stack.enter_context(uploads.room(f"tenant {number}"))
        with pytest.raises(UploadBusyError) as refused, uploads.room("one more"):
            pass
    assert refused.value.limit == AT_ONCE
    with pytest.raises(KeyError), uploads.room("one more"):  # a failure makes room as well
        raise KeyError
    with uploads.room("one more"):
        pass
