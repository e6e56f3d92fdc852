"""Every transition of what is known about providers: Lua, run by Redis as one atomic step each.

Keys, each below the namespace and `selection:`.

| key | type | holds |
| --- | --- | --- |
| evidence:OPERATION:PROVIDER | hash | the sums of `values.Evidence`, and when they were written |
| clocks:OPERATION | hash | `outcomes`, `judgements`: how many there were; forgetting goes by them |
| flight:OPERATION:PROVIDER | sorted set | receipts of calls under way -> when they count as lost |
| credit:OPERATION | string | how many requests may explore now |
| receipt:ID | hash | `body` (JSON), `operation`, `provider`, `tenant`, `outcome`, `score` |
| recent | list | ids of the latest receipts, newest first |

What is old counts less (Garivier and Moulines 2011): an outcome by e each `window` outcomes of the
operation, a judgement by e each `window` judgements, as those are fewer; and both by half each
`half_life` seconds, so that what nobody uses is forgotten, too. What changes at once is forgotten
at once: three surprising outcomes nearly in a row, a cumulative sum (Page 1954), leave a tenth of
what outcomes taught. Times are seconds by the clock of who asks: clocks differ by less than
anything is forgotten in. Runs on Redis 6.2.
"""

from typing import Final

_FADING: Final = """
local NAMES = {'succeeded', 'failed', 'scores', 'judged', 'log_seconds', 'log_seconds_squared',
               'timed', 'tokens', 'counted'}
local BY_JUDGEMENTS = {scores = true, judged = true}
local now, window, half_life = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function exact(number) return string.format('%.15g', number) end
local function clocks(key)
  local found = redis.call('HMGET', key, 'outcomes', 'judgements')
  return {outcomes = tonumber(found[1] or 0), judgements = tonumber(found[2] or 0)}
end
local function faded(key, clock)
  local found = redis.call('HMGET', key, 'outcomes', 'judgements', 'at', unpack(NAMES))
  local aged, outcomes, judgements = 0, 0, 0
  if found[3] then
    aged = 2 ^ (-math.max(0, now - found[3]) / half_life)
    outcomes = math.exp(-math.max(0, clock.outcomes - found[1]) / window)
    judgements = math.exp(-math.max(0, clock.judgements - found[2]) / window)
  end
  local sums = {}
  for place, name in ipairs(NAMES) do
    local keep = aged * (BY_JUDGEMENTS[name] and judgements or outcomes)
    sums[name] = keep * tonumber(found[place + 3] or 0)
  end
  return sums
end
local function write(key, sums, clock)
  local fields = {'outcomes', clock.outcomes, 'judgements', clock.judgements, 'at', exact(now)}
  for _, name in ipairs(NAMES) do
    fields[#fields + 1] = name
    fields[#fields + 1] = exact(sums[name])
  end
  redis.call('HSET', key, unpack(fields))
  redis.call('EXPIRE', key, math.ceil(20 * half_life))
end
"""
"""Start of each script that reads or writes evidence. ARGV: now, window, half-life."""

READ: Final = f"""{_FADING}
local clock, found = clocks(KEYS[1]), {{}}
for at = 2, #KEYS, 2 do
  local sums, line = faded(KEYS[at], clock), {{}}
  for place, name in ipairs(NAMES) do line[place] = exact(sums[name]) end
  line[#line + 1] = redis.call('ZCOUNT', KEYS[at + 1], '(' .. exact(now), '+inf')
  found[#found + 1] = line
end
return found
"""
"""Tell what is known of providers, faded until now; nothing is written.

KEYS: clocks of the operation; then evidence and flight of each provider. Returns for each the
sums in the order of NAMES, then the calls under way."""

BEGIN: Final = """
local now, id = tonumber(ARGV[1]), ARGV[2]
local most = tonumber(ARGV[5])
local credit = math.min(most, tonumber(redis.call('GET', KEYS[1]) or most) + tonumber(ARGV[4]))
if ARGV[3] == '1' then
  if credit < 1 then return 0 end
  credit = credit - 1
end
redis.call('SET', KEYS[1], string.format('%.12g', credit))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[6]), id)
redis.call('EXPIRE', KEYS[2], math.ceil(tonumber(ARGV[6])))
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'operation', ARGV[8], 'provider', ARGV[9], 'tenant', ARGV[10],
           'body', ARGV[11])
redis.call('EXPIRE', KEYS[3], ARGV[7])
redis.call('LREM', KEYS[4], 1, id)
redis.call('LPUSH', KEYS[4], id)
redis.call('LTRIM', KEYS[4], 0, ARGV[12] - 1)
return 1
"""
"""Enter a choice, unless it explores and may not: each request earns a part of one exploration, and
an operation begins with the most that can be saved.

KEYS: credit, flight of the provider, receipt, recent. ARGV: now, id, whether it explores, credit of
a request, most credit, seconds until the call counts as lost, seconds that the receipt is kept,
operation, provider, tenant, body, how many recent ones are kept. Returns 0 where it may not."""

SETTLE: Final = f"""{_FADING}
local id, succeeded, seconds, tokens = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
redis.call('ZREM', KEYS[3], id)
if redis.call('EXISTS', KEYS[4]) == 0 or redis.call('HEXISTS', KEYS[4], 'outcome') == 1 then
  return 0
end
redis.call('HSET', KEYS[4], 'outcome', ARGV[8])
if succeeded == '' then return 1 end
redis.call('HINCRBY', KEYS[1], 'outcomes', 1)
local clock = clocks(KEYS[1])
local sums = faded(KEYS[2], clock)

local function is_surprising()
  local known = sums.succeeded + sums.failed
  if known < 5 then return false end
  if succeeded ~= '1' then return sums.succeeded > 0.8 * known end
  if sums.succeeded < 0.4 * known then return true end
  if not seconds or sums.timed < 5 then return false end
  local mean = sums.log_seconds / sums.timed
  local spread = math.sqrt(math.max(0.04, sums.log_seconds_squared / sums.timed - mean ^ 2))
  return math.abs(math.log(seconds) - mean) > 2 * spread
end
local surprise = tonumber(redis.call('HGET', KEYS[2], 'surprise') or 0)
surprise = is_surprising() and surprise + 1 or math.max(0, surprise - 0.3)
if surprise > 2.5 then
  surprise = 0
  for _, name in ipairs(NAMES) do
    if not BY_JUDGEMENTS[name] then sums[name] = 0.1 * sums[name] end
  end
end

local function add(name, value) sums[name] = sums[name] + value end
add(succeeded == '1' and 'succeeded' or 'failed', 1)
if seconds then
  add('log_seconds', math.log(seconds))
  add('log_seconds_squared', math.log(seconds) ^ 2)
  add('timed', 1)
end
if tokens then
  add('tokens', tokens)
  add('counted', 1)
end
write(KEYS[2], sums, clock)
redis.call('HSET', KEYS[2], 'surprise', exact(surprise))
return 1
"""
"""A call has ended; its receipt is told once.

KEYS: clocks, evidence, flight, receipt. ARGV: now, window, half-life, id, whether it succeeded
(empty: nothing is learned), seconds, tokens of the answer (each empty: not known), outcome (JSON).
Returns 1 where it counted. Surprising is a failure of one that nearly always succeeds, a success of
one that mostly fails, and a time that is two standard deviations of its logarithm away."""

JUDGE: Final = f"""{_FADING}
if redis.call('EXISTS', KEYS[3]) == 0 or redis.call('HEXISTS', KEYS[3], 'score') == 1 then
  return 0
end
redis.call('HSET', KEYS[3], 'score', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'judgements', 1)
local clock = clocks(KEYS[1])
local sums = faded(KEYS[2], clock)
sums.scores = sums.scores + tonumber(ARGV[4])
sums.judged = sums.judged + 1
write(KEYS[2], sums, clock)
return 1
"""
"""An answer was judged; the first judgement counts.

KEYS: clocks, evidence, receipt. ARGV: now, window, half-life, score. Returns 1 where it
counted."""
