-- An operator lets a waiting case go by: the next rung is due now, once per operator. KEYS: those of the case.
-- ARGV: case, operator, now.
if redis.call('EXISTS', KEYS[CASE]) == 0 then
  return {'gone'}
end
if get(KEYS[CASE], 'status') == 'closed' then
  return {'closed'}
end
local holder = get(KEYS[CASE], 'claimed_by')
if holder then
  return {'taken', holder}
end
local before = get(KEYS[CASE], 'passed') or ''
local after = union(before, ARGV[2])
if after ~= before then
  local urgency, now = number(KEYS[CASE], 'urgency'), tonumber(ARGV[3])
  redis.call('HSET', KEYS[CASE], 'passed', after)
  event(ARGV[1], 'passed', ARGV[2], now, urgency)
  if redis.call('ZSCORE', KEYS[WAITING], ARGV[1]) then
    redis.call('ZADD', KEYS[LADDER], ARGV[3], ARGV[1])
    page('wait', ARGV[1], urgency, now)
  end
end
return {'ok', number(KEYS[CASE], 'seq')}
