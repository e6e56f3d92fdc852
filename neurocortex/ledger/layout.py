"""What the ledger keeps in Redis, and what all its scripts share.

Keys, in this order (`NAMES`; each below the namespace):

| key | type | holds |
| --- | --- | --- |
| leases | hash | work id -> `TOKEN GRANTED BODY`: a lease in force |
| workers | hash | worker -> what it offers, as JSON |
| alive | sorted set | worker -> when its leases are up |
| used | hash | what all leases hold together, by counter; a counter at 0 is deleted |
| accounts | hash | account of fair share -> virtual time |
| touched | sorted set | account -> when it was last charged |
| token | string | the last fencing token |
| orphans | hash | work id -> `TOKEN GRANTED UNTIL BODY`: handed to a reconciler, not settled yet |
| void | sorted set | work id -> token of its hand-over: no older lease can be restored, for a day |
| released | sorted set | work id -> token of its release: the same, for ten minutes |
| closed | string | until when nothing is granted: the ledger was lost |

BODY is JSON written by `encoding.py` and returned as it came, since cjson writes numbers with 14
digits only. Resources are whole thousandths, so that sums are exact. Times are microseconds by
the clock of Redis, as no two machines' clocks agree; a token is one of those, or the last one
plus 1 where that is more: it grows even after Redis has lost everything.
"""

from typing import Final

NAMES: Final = (
    "leases",
    "workers",
    "alive",
    "used",
    "accounts",
    "touched",
    "token",
    "orphans",
    "void",
    "released",
    "closed",
)

COMMON: Final = """
local leases, workers, alive, used, accounts, touched, counter, orphans, void, released, closed =
  unpack(KEYS)
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local SECOND = 1000000
local HOUR = 3600 * SECOND

local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end

local function unpacked(value) return string.match(value, '^(%d+) (%d+) (.*)$') end

local function book(counts, sign)
  for counter_name, amount in pairs(counts) do
    if redis.call('HINCRBY', used, counter_name, whole(sign * amount)) == 0 then
      redis.call('HDEL', used, counter_name)
    end
  end
end

local function in_use(counter_name)
  return tonumber(redis.call('HGET', used, counter_name) or 0)
end

local function next_token(above)
  local token = math.max(now, tonumber(redis.call('GET', counter) or 0) + 1, above + 1)
  redis.call('SET', counter, whole(token))
  return whole(token)
end

local function expiry(worker) return redis.call('ZSCORE', alive, worker) or '0' end

local function close(span)
  local until_ = math.max(now + span, tonumber(redis.call('GET', closed) or 0))
  redis.call('SET', closed, whole(until_), 'PX', math.ceil((until_ - now) / 1000) + 1)
end

local function granted_already(id, body)
  local value = redis.call('HGET', leases, id)
  if not value then return nil end
  local token, granted, known = unpacked(value)
  local lease = cjson.decode(known)
  if lease.grant == cjson.decode(body).grant then
    return {'granted', token, granted, expiry(lease.worker)}
  end
  return {'refused', 'leased', lease.worker}
end
"""
"""Start of each script: keys and the time by name, and how leases are counted."""
