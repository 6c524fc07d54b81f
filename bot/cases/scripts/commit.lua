-- One turn, whole or not at all. KEYS: those of the case, then conv, home, seen, out, wake, trail.
-- ARGV: JSON of the plain values; session, routing, code salt, code hash; then the entries, the outbox
-- (item id, data), the trail, and (of a conversation that arrives from another shard) what it has seen (key, time).
local CONV, HOME, SEEN, OUT, WAKE, TRAIL = 9, 10, 11, 12, 13, 14
local t = cjson.decode(ARGV[1])
local at = 6
local function take(count)
  local from = at
  at = at + count
  return from, at - 1
end
local entries_from, entries_to = take(t.entries)
local out_from, out_to = take(2 * t.outbox)
local trail_from, trail_to = take(t.trail)
local seen_from, seen_to = take(2 * t.seen)
local now = string.format('%.0f', t.now)

local function remember_what_it_brings()
  for i = seen_from, seen_to, 2 do
    redis.call('ZADD', KEYS[SEEN], 'NX', ARGV[i + 1], ARGV[i])
  end
end
if redis.call('ZSCORE', KEYS[SEEN], t.message) then
  remember_what_it_brings() -- turns that were committed where it comes from while it was moving
  return {'duplicate'}
end

local version = number(KEYS[CONV], 'v')
if t.arriving then
  version = math.max(version, t.version)
elseif version ~= t.version or redis.call('EXISTS', KEYS[HOME]) == 1 then
  return {'conflict'}
end

-- 1. may the case be written?
local linked = get(KEYS[CONV], 'case')
local exists = t.case ~= '' and redis.call('EXISTS', KEYS[CASE]) == 1
local ours = exists and linked == t.case and get(KEYS[CASE], 'conversation') == t.pseudonym
if t.erase then
  -- the caller had to know the case to name its keys
  if linked and linked ~= t.case then
    return {'conflict'}
  end
elseif t.opens then
  if exists then
    return {'taken'}
  end
elseif t.case ~= '' then
  if not exists or not (ours or t.attach) then
    return {'gone'}
  end
  if number(KEYS[CASE], 'seq') ~= t.seq then
    return {'conflict'}
  end
end

-- 2. the conversation
remember_what_it_brings()
redis.call('ZADD', KEYS[SEEN], now, t.message)
redis.call('ZREMRANGEBYSCORE', KEYS[SEEN], '-inf', string.format('%.0f', t.now - t.remember))
redis.call('PEXPIRE', KEYS[SEEN], t.remember)
version = version + 1
redis.call('HSET', KEYS[CONV], 'v', version, 'channel', t.channel)
redis.call('HDEL', KEYS[CONV], 'leaving')
if t.has_session then
  redis.call('HSET', KEYS[CONV], 'session', ARGV[2])
else
  redis.call('HDEL', KEYS[CONV], 'session')
end
if t.has_routing then
  redis.call('HSET', KEYS[CONV], 'routing', ARGV[3])
end
if t.arriving then
  redis.call('DEL', KEYS[HOME])
  redis.call('HSET', KEYS[CONV], 'past', t.past)
end
local past = get(KEYS[CONV], 'past') or ''
if t.leave or t.erase then
  -- what was still to be shown must not appear on a screen that somebody fled from; routing goes with the last item
  redis.call('DEL', KEYS[OUT])
  redis.call('HDEL', KEYS[CONV], 'session', 'case', 'past')
  redis.call('HSET', KEYS[CONV], 'leaving', '1')
  if past ~= '' then
    redis.call('HSET', KEYS[CONV], 'trails', past) -- where more of what is to be wiped is written down
  end
end
for i = out_from, out_to, 2 do
  redis.call('RPUSH', KEYS[OUT], ARGV[i] .. ARGV[i + 1])
end
if t.outbox > 0 then
  redis.call('XADD', KEYS[WAKE], '*', 'p', t.pseudonym)
elseif t.leave or t.erase then
  redis.call('HDEL', KEYS[CONV], 'routing', 'trails')
  redis.call('DEL', KEYS[TRAIL])
end
for i = trail_from, trail_to do
  redis.call('RPUSH', KEYS[TRAIL], ARGV[i])
end
redis.call('PEXPIRE', KEYS[TRAIL], t.remember)
redis.call('PEXPIRE', KEYS[CONV], t.keep)
redis.call('PEXPIRE', KEYS[OUT], t.keep)

-- 3. the case
if t.erase then
  if ours then
    forget(t.case, 'erased', 'person', t.now)
  end
  return {'ok', version, -1, 0, past}
end
if t.case == '' then
  return {'ok', version, -1, 0, past}
end
local id = t.case
local before = 0
if t.opens then
  redis.call('HSET', KEYS[CASE], 'id', id, 'status', 'open', 'urgency', math.max(t.urgency, 1), 'role', t.role,
    'language', t.language, 'opened', now, 'seq', 0)
  event(id, 'opened', 'person', t.now, math.max(t.urgency, 1))
else
  before = number(KEYS[CASE], 'urgency')
end
redis.call('HSET', KEYS[CASE], 'conversation', t.pseudonym, 'channel', t.channel)
if not t.leave then
  redis.call('HSET', KEYS[CONV], 'case', id)
end
if t.attach then
  event(id, 'returned', 'person', t.now, before)
end
if t.role ~= 'unknown' then
  redis.call('HSET', KEYS[CASE], 'role', t.role)
end
if t.language ~= '' then
  redis.call('HSET', KEYS[CASE], 'language', t.language)
end
if t.has_code then
  redis.call('HSET', KEYS[CASE], 'code_salt', ARGV[4], 'code_hash', ARGV[5])
end
for i = entries_from, entries_to do
  redis.call('RPUSH', KEYS[LOG], ARGV[i])
end
local seq = redis.call('HINCRBY', KEYS[CASE], 'seq', t.entries)
if t.reasons ~= '' then
  redis.call('HSET', KEYS[CASE], 'reasons', union(get(KEYS[CASE], 'reasons'), t.reasons))
end
touch(id, t.now)

-- the ratchet: a machine only raises
local urgency = math.max(number(KEYS[CASE], 'urgency'), t.urgency)
local raised = urgency > before
redis.call('HSET', KEYS[CASE], 'urgency', urgency)
local called = t.escalate and get(KEYS[CASE], 'escalated') ~= '1'
if t.escalate then
  redis.call('HSET', KEYS[CASE], 'escalated', '1')
end
local wrote = t.entries > 0 or t.escalate
if wrote then
  redis.call('HSET', KEYS[CASE], 'last_in', now)
  if get(KEYS[CASE], 'status') == 'closed' then
    redis.call('HSET', KEYS[CASE], 'status', 'open')
    event(id, 'reopened', 'person', t.now, urgency)
  elseif not t.opens then
    event(id, 'message', 'person', t.now, urgency)
  end
end

local waiting = 0
local holder = get(KEYS[CASE], 'claimed_by')
if holder then
  if wrote or raised or t.attach then
    page('activity', id, urgency, t.now, 0, holder)
  end
elseif get(KEYS[CASE], 'status') == 'open' and wants_operator(urgency) then
  waiting = 1
  local since = get(KEYS[CASE], 'since')
  if not since then
    start_waiting(id, urgency, t.now, t.now)
  elseif raised or called then
    redis.call('ZADD', KEYS[WAITING], score(urgency, tonumber(since)), id)
    climb(id, t.now)
    page('wait', id, urgency, t.now)
    event(id, 'raised', 'person', t.now, urgency)
  end
end
return {'ok', version, seq, waiting, past}
