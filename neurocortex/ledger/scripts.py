"""Every transition of leases: Lua, run by Redis as one atomic step each.

Keys and units: `layout.py`. Runs on Redis 6.2, one node. Nothing is written before the last check
of a script has passed.
"""

from typing import Final

from neurocortex.ledger.layout import COMMON

BEAT: Final = f"""{COMMON}
local worker, offer, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local is_blank = redis.call('EXISTS', counter) + redis.call('EXISTS', workers) == 0
local is_new = redis.call('HSET', workers, worker, offer) == 1
redis.call('ZADD', alive, whole(now + lease), worker)
if is_new and ARGV[4] == 'again' then close(tonumber(ARGV[5])) end
local lost = {{is_blank and '1' or '0'}}
for i = 6, #ARGV, 2 do
  local value = redis.call('HGET', leases, ARGV[i])
  if not value or unpacked(value) ~= ARGV[i + 1] then lost[#lost + 1] = ARGV[i] end
end
return lost
"""
"""A worker's sign of life: states its offer and renews all its leases, since a lease lasts as
long as its worker does. Where it joined before and is not known, the ledger was lost: it is closed.

ARGV: worker, offer, microseconds, `first` or `again`, microseconds to close for, then id and token
of each lease it knows it holds.
Returns 1 where the ledger was blank, else 0; then the ids of those leases that it does not have
(any more)."""

CLOSE: Final = f"""{COMMON}
close(tonumber(ARGV[1]))
return 0
"""
"""Grant nothing for some time: runs go on that are not entered yet. ARGV: microseconds."""

LEAVE: Final = f"""{COMMON}
if redis.call('ZSCORE', alive, ARGV[1]) then redis.call('ZADD', alive, 0, ARGV[1]) end
return 0
"""
"""A worker ends: what it still holds is up at once. ARGV: worker."""

ACQUIRE: Final = f"""{COMMON}
local RESOURCES = {{'cpu', 'memory_mb', 'storage_mb', 'network_mbps'}}
local id, worker, body = ARGV[1], ARGV[2], ARGV[3]
local ask, lease = cjson.decode(ARGV[4]), cjson.decode(body)

local function refused(...) return {{'refused', ...}} end

local function lacking(offer)
  for _, name in ipairs(RESOURCES) do
    if ask.needs[name] > offer[name] then return name end
  end
end

local known = granted_already(id, body)
if known then return known end
if tonumber(redis.call('GET', closed) or 0) > now then return refused('lost') end

local total, mine, offers = 0, nil, {{}}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', alive, '(' .. whole(now), '+inf')) do
  local offer = cjson.decode(redis.call('HGET', workers, name))
  total = total + offer.slots
  offers[#offers + 1] = offer
  if name == worker then mine = offer end
end
if not mine then return refused('not_joined', worker) end

local too_large = lacking(mine)
if too_large then
  local largest, fits = 0, false
  for _, offer in ipairs(offers) do
    largest = math.max(largest, offer[too_large])
    fits = fits or not lacking(offer)
  end
  if not fits then
    return {{'never', too_large, whole(ask.needs[too_large]), whole(largest)}}
  end
end

local function full(reason, counter_name, limit)
  local count = in_use(counter_name)
  if count + 1 > limit then return refused(reason, whole(count), whole(limit)) end
end

local refusal = full('tier_limit', 'tier:' .. ask.tier, ask.tier_limit or math.huge)
if not refusal and ask.deployment_limit then
  refusal = full('deployment_limit', 'deployment:' .. ask.deployment, ask.deployment_limit)
end
if not refusal and ask.tier ~= 'critical' then
  local others = in_use('slots') - in_use('tier:critical')
  if others + 1 > total - ask.reserve then
    refusal = refused('reserve', whole(others), whole(total), whole(ask.reserve))
  end
end
refusal = refusal or full('slots', 'worker:' .. worker .. ':slots', mine.slots)
if refusal then return refusal end
for _, name in ipairs(RESOURCES) do
  local taken = in_use('worker:' .. worker .. ':' .. name)
  if ask.needs[name] > 0 and taken + ask.needs[name] > mine[name] then
    return refused('resources', name, whole(ask.needs[name]), whole(taken), whole(mine[name]))
  end
end

local token = next_token(0)
redis.call('HSET', leases, id, token .. ' ' .. whole(now) .. ' ' .. body)
redis.call('HDEL', orphans, id)
book(lease.counts, 1)
for _, charge in ipairs(lease.charges) do
  local account = charge.account
  local before = tonumber(redis.call('HGET', accounts, account) or charge.floor)
  redis.call('HSET', accounts, account, exact(math.max(before, charge.floor) + charge.amount))
  redis.call('ZADD', touched, whole(now), account)
end
local idle = redis.call('ZRANGEBYSCORE', touched, '-inf', whole(now - HOUR), 'LIMIT', 0, 10)
for _, account in ipairs(idle) do
  if redis.call('HEXISTS', used, 'account:' .. account) == 1 then
    redis.call('ZADD', touched, whole(now), account)
  else
    redis.call('ZREM', touched, account)
    redis.call('HDEL', accounts, account)
  end
end
return {{'granted', token, whole(now), expiry(worker)}}
"""
"""Lease a work to a worker, all or nothing, and charge for it.

The rules, the first that fails is the answer: nobody holds it (asking twice for the same grant is
one acquisition: the client may repeat a command whose answer got lost); the ledger is not closed,
as after its loss, until all workers had time to enter their leases; the worker is alive; some
living worker could ever hold it; its tier's limit; its deployment's limit; critical work's
reserve, which other tiers' slots must leave free; a slot of the worker; each resource of the
worker. An account that nobody charged for an hour, and that no lease in force has charged, is
forgotten.

ARGV: id, worker, body, request.
Returns `granted`, token, granted, expires; or `refused`, reason and its figures; or `never`, the
resource, needed and the largest offer."""

RELEASE: Final = f"""{COMMON}
local id, token, actual, ended, estimate = ARGV[1], ARGV[2], tonumber(ARGV[3]), KEYS[12], KEYS[13]
local value = redis.call('HGET', leases, id)
if not value then return 0 end
local current, granted, body = unpacked(value)
if current ~= token then return 0 end

local lease = cjson.decode(body)
redis.call('HDEL', leases, id)
book(lease.counts, -1)
redis.call('ZADD', released, next_token(0), id)
redis.call('ZREMRANGEBYSCORE', released, '-inf', whole(now - 600 * SECOND))
redis.call('EXPIRE', released, 600)
if actual then
  for _, charge in ipairs(lease.charges) do
    local before = redis.call('HGET', accounts, charge.account)
    if before then
      local correction = charge.amount * (actual - lease.cost) / lease.cost
      redis.call('HSET', accounts, charge.account, exact(tonumber(before) + correction))
    end
  end
end
if ARGV[4] == 'ended' then
  redis.call('ZADD', ended, whole(now), token .. ' ' .. whole(now - granted))
  redis.call('ZREMRANGEBYSCORE', ended, '-inf', whole(now - HOUR))
  redis.call('ZREMRANGEBYRANK', ended, 0, -1001)
  redis.call('EXPIRE', ended, 3600)
  if actual and estimate then
    local mean = tonumber(redis.call('GET', estimate) or actual)
    redis.call('SET', estimate, exact(mean + (actual - mean) * tonumber(ARGV[5])), 'EX', ARGV[6])
  end
end
return 1
"""
"""End a lease if its token is the current one, correct its charges to the actual cost, and learn
from it.

KEYS 12 and 13: runs that ended, of its tier (1000 or an hour's, whichever is less); its
deployment's estimate, if it has one.
ARGV: id, token, actual cpu-seconds or '', `ended` or `unstarted`, weight of the newest run in the
estimate, seconds the estimate is kept.
Returns 1, or 0 for a stale token, which changes nothing."""

RESTORE: Final = f"""{COMMON}
local id, worker, body, token, granted = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local known = granted_already(id, body)
if known then return known end
local function over(ended)
  return tonumber(redis.call('ZSCORE', ended, id) or 0) >= tonumber(token)
end
if over(void) then return {{'refused', 'handed_over'}} end
if over(released) then return {{'refused', 'released'}} end
if tonumber(expiry(worker)) <= now then return {{'refused', 'not_joined', worker}} end
local token_now = next_token(tonumber(token))
redis.call('HSET', leases, id, token_now .. ' ' .. granted .. ' ' .. body)
book(cjson.decode(body).counts, 1)
return {{'granted', token_now, granted, expiry(worker)}}
"""
"""Enter a lease again whose run goes on, although the ledger lost it; no limit is asked, since the
run exists. Its accounts are not charged twice. A lease that was released or handed over stays so: a
sign of life that crossed its release on the way must not bring it back.

ARGV: id, worker, body, its last token, granted.
Returns like `ACQUIRE`."""

EXPIRED: Final = f"""{COMMON}
local claim = tonumber(ARGV[1])
local dead = redis.call('ZRANGEBYSCORE', alive, '-inf', whole(now))
local handed = {{}}

local function hand_over(id, granted, body)
  local token = next_token(0)
  local until_ = whole(now + claim)
  redis.call('HSET', orphans, id, token .. ' ' .. granted .. ' ' .. until_ .. ' ' .. body)
  handed[#handed + 1] = {{token, granted, until_, body}}
end

local waiting = redis.call('HGETALL', orphans)
for i = 1, #waiting, 2 do
  local _, granted, rest = unpacked(waiting[i + 1])
  local until_, body = string.match(rest, '^(%d+) (.*)$')
  if tonumber(until_) <= now then hand_over(waiting[i], granted, body) end
end

if #dead > 0 then
  local is_dead = {{}}
  for _, worker in ipairs(dead) do is_dead[worker] = true end
  local all = redis.call('HGETALL', leases)
  for i = 1, #all, 2 do
    local id = all[i]
    local _, granted, body = unpacked(all[i + 1])
    local lease = cjson.decode(body)
    if is_dead[lease.worker] then
      redis.call('HDEL', leases, id)
      book(lease.counts, -1)
      hand_over(id, granted, body)
      redis.call('ZADD', void, redis.call('GET', counter), id)
    end
  end
  redis.call('ZREM', alive, unpack(dead))
  redis.call('HDEL', workers, unpack(dead))
  redis.call('ZREMRANGEBYSCORE', void, '-inf', whole(now - 24 * HOUR))
end
return handed
"""
"""Take the leases of workers that gave no sign of life, free what they held, and hand them to the
caller; also those handed to a caller earlier who did not settle them in time, as it may have died
over it.

ARGV: microseconds the caller has to settle them.
Returns token, granted, until when it is the caller's, and body of each."""

SETTLE: Final = f"""{COMMON}
local value = redis.call('HGET', orphans, ARGV[1])
if not value or unpacked(value) ~= ARGV[2] then return 0 end
return redis.call('HDEL', orphans, ARGV[1])
"""
"""What was handed over is dealt with. ARGV: id, token of the hand-over. Returns 1, or 0 if it was
handed to another, or is leased again."""
