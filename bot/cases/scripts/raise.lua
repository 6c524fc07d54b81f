-- The machine raises a case after its turn was committed (a late answer of the model). Whatever became of the
-- conversation since: they may have left, or come back elsewhere. KEYS: those of the case, then once.
-- ARGV: JSON of the plain values.
local ONCE = 9
local t = cjson.decode(ARGV[1])
if redis.call('EXISTS', KEYS[CASE]) == 0 then
  return 'gone'
end
if get(KEYS[CASE], 'status') == 'closed' then
  return 'closed'
end
if t.level <= number(KEYS[CASE], 'urgency') then
  return 'same'
end
-- an operator may have lowered it since: the same answer does not raise it a second time
if not redis.call('SET', KEYS[ONCE], '1', 'NX', 'PX', t.remember) then
  return 'same'
end
redis.call('HSET', KEYS[CASE], 'urgency', t.level, 'reasons', union(get(KEYS[CASE], 'reasons'), t.reasons))
touch(t.case, t.now)
local holder = get(KEYS[CASE], 'claimed_by')
local since = get(KEYS[CASE], 'since')
if holder then
  page('activity', t.case, t.level, t.now, 0, holder)
elseif since then
  redis.call('ZADD', KEYS[WAITING], score(t.level, tonumber(since)), t.case)
  climb(t.case, t.now)
  page('wait', t.case, t.level, t.now)
elseif wants_operator(t.level) then
  start_waiting(t.case, t.level, t.now, t.now)
end
event(t.case, 'raised', 'person', t.now, t.level)
return 'raised'
