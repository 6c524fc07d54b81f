-- An operator writes to a case: reply, note, lower or close. KEYS: those of the case, then conv, out, wake.
-- ARGV: JSON of the plain values; the delivery; then the entries.
local CONV, OUT, WAKE = 9, 10, 11
local t = cjson.decode(ARGV[1])
if redis.call('EXISTS', KEYS[CASE]) == 0 then
  return {'gone'}
end
if get(KEYS[CASE], 'last_act') == t.act then
  return {'ok', number(KEYS[CASE], 'seq')} -- the same call again, after its answer was lost
end
if get(KEYS[CASE], 'status') == 'closed' and not (t.force and t.action == 'noted') then
  return {'closed'}
end
local holder = get(KEYS[CASE], 'claimed_by')
if not t.force then
  if not holder then
    return {'unclaimed'}
  end
  if holder ~= t.by then
    return {'taken', holder}
  end
end
if number(KEYS[CASE], 'seq') ~= t.seq then
  return {'conflict'}
end
if t.deliver then
  if get(KEYS[CASE], 'conversation') ~= t.pseudonym or get(KEYS[CASE], 'channel') ~= t.channel then
    return {'conflict'} -- the person came back elsewhere since the caller looked
  end
  if get(KEYS[CONV], 'case') ~= t.case or not get(KEYS[CONV], 'routing') then
    return {'undeliverable'}
  end
  redis.call('RPUSH', KEYS[OUT], t.item .. ARGV[2])
  redis.call('PEXPIRE', KEYS[OUT], redis.call('PTTL', KEYS[CONV]))
  redis.call('XADD', KEYS[WAKE], '*', 'p', t.pseudonym)
  redis.call('HSET', KEYS[CASE], 'last_out', string.format('%.0f', t.now))
end
for i = 3, #ARGV do
  redis.call('RPUSH', KEYS[LOG], ARGV[i])
end
local seq = redis.call('HINCRBY', KEYS[CASE], 'seq', #ARGV - 2)
redis.call('HSET', KEYS[CASE], 'last_act', t.act)
touch(t.case, t.now)

if t.level > 0 then
  redis.call('HSET', KEYS[CASE], 'urgency', t.level)
  local since = get(KEYS[CASE], 'since')
  if since and wants_operator(t.level) then
    redis.call('ZADD', KEYS[WAITING], score(t.level, tonumber(since)), t.case)
  elseif since then
    stop_waiting(t.case)
  end
end
local urgency = number(KEYS[CASE], 'urgency')
event(t.case, t.action, t.by, t.now, urgency)
if t.close then
  stop_waiting(t.case)
  redis.call('HSET', KEYS[CASE], 'status', 'closed')
  redis.call('HDEL', KEYS[CASE], 'claimed_by', 'claimed_at', 'escalated', 'waited', 'passed')
  page('gone', t.case, urgency, t.now, 0, holder)
end
return {'ok', seq}
