"""What may be wrong with a Redis, in words. Shared by Cache and Stream."""

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError


def complaint(client: "Redis") -> str | None:
    """Return what is wrong with a Redis in one sentence, or None where it answers."""
    address = client.get_connection_kwargs()
    place = f"Redis at {address.get('host')}:{address.get('port')}"
    try:
        client.ping()
    except AuthenticationError:
        return f"{place} refuses the password: put the right one into the block's URL."
    except RedisError as error:
        return f"{place} does not answer ({error}): start it, or correct the block's URL."
    return None
