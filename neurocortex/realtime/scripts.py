"""Every step of the real-time lane in Redis that is more than one command. Runs on Redis 6.2."""

from typing import Final

TAKE: Final = """
local room, taken = tonumber(ARGV[2]), {}
local function read(place, count)
  if count < 1 then return 0 end
  local found = redis.call('XREADGROUP', 'GROUP', 'lane', ARGV[1], 'COUNT', count,
                           'STREAMS', KEYS[place], '>')
  if not found then return 0 end
  for _, entry in ipairs(found[1][2]) do
    taken[#taken + 1] = {place - 1, entry[1], entry[2][2], 1}
  end
  return #found[1][2]
end
room = room - read(1, room)
local wanted = {}
for turn = 3, 2 + room do
  local place = tonumber(ARGV[turn]) + 1
  wanted[place] = (wanted[place] or 0) + 1
end
for place = 2, #KEYS do room = room - read(place, wanted[place] or 0) end
for place = 2, #KEYS do room = room - read(place, room) end
return taken
"""
"""Hand out waiting calls: critical ones first, then in turns; a tier's unused turns go to others.

KEYS: the streams of calls, most urgent first. ARGV: the consumer; how many it has room for; for
each of them whose turn it is, as a place in KEYS from 0. Returns place, entry, content, 1 of each.
"""

TAKE_OVER: Final = """
local me, room, most, alone = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local taken, mine = {}, {}
for at = 7, #ARGV do mine[ARGV[at]] = true end
for place, stream in ipairs(KEYS) do
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, 'lane')) do
    local name, pending = consumer[2], consumer[4]
    local idle, count = 0, 1000
    if name == me then idle, count = ARGV[6], 1000 + #ARGV end
    if name == me or redis.call('EXISTS', ARGV[5] .. name) == 0 then
      if pending == 0 and name ~= me then
        redis.call('XGROUP', 'DELCONSUMER', stream, 'lane', name)
      elseif pending > 0 then
        for _, held in ipairs(redis.call('XPENDING', stream, 'lane', 'IDLE', idle, '-', '+',
                                         count, name)) do
          local entry, times = held[1], held[4]
          local last = times == most - 1
          local free = name ~= me or not mine[(place - 1) .. ':' .. entry]
          if free and (times >= most or (room > 0 and (not last or alone))) then
            local claimed = redis.call('XCLAIM', stream, 'lane', me, 0, entry)
            if #claimed > 0 and claimed[1] then
              taken[#taken + 1] = {place - 1, entry, claimed[1][2][2], times + 1}
              if times < most then room = room - 1 end
              if last then alone = false end
            else
              redis.call('XACK', stream, 'lane', entry)
            end
          end
        end
      end
    end
  end
end
return taken
"""
"""Take over what consumers that are no longer alive were working on, and what was read for this
one in an answer that it never got: that is pending under its name, and it does not hold it.

A call that ends every process it is handed to must not take others with it for ever: before its
last attempt a call is handed out alone, so that those that were merely there when it happened are
told from it. One that had all its attempts is returned to be given up.

KEYS: the streams of calls. ARGV: the consumer; how many it has room for; how often a call is
handed out at most; 1 if one may be handed out for the last time; what the keys of living
consumers start with; how many milliseconds ago an answer with calls is surely lost; the calls that
this consumer holds, each as PLACE:ENTRY, with a place in KEYS from 0. Returns place, entry, content
and attempt of each; an attempt above the most allowed says: give it up.
"""
